/** The fleet's health in one line. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { FailureLine, isUnanswered } from "@/components/ui/states";
import type { SystemStatus } from "@/lib/api/types";
import { age, count } from "@/lib/format";
import { system } from "@/lib/queries/market";

const LAG_WARN_SECONDS = 180;
const FEED_WARN_SECONDS = 15;

export function FleetLine() {
  const asked = useQuery(system);
  const { data } = asked;
  if (!data) {
    return <div className="fleet-line">{isUnanswered(asked) && <FailureLine what="the fleet" of={asked} />}</div>;
  }
  const trouble = troubleOf(data);
  return (
    <Link to="/system" className={`link end fleet-line ${trouble ? "link-connecting" : ""}`}>
      <i />
      <span className="num">
        {trouble ?? "All well"}: {count(data.pairs)} pairs, lag {age(data.lag_seconds)}, cycle {age(data.cycle_seconds)}
      </span>
    </Link>
  );
}

/** The first thing that is not as it should be. */
function troubleOf(status: SystemStatus): string | null {
  const [halt] = status.fleet.halts;
  if (halt) return halt.what === "fleet" ? "Paused" : "No new trades";
  if (status.fleet.redis === null) return "Redis is away";
  const ages = Object.values(status.feeds).map((feed) => feed.quote_age_seconds ?? Number.POSITIVE_INFINITY);
  if (!ages.length || Math.max(...ages) > FEED_WARN_SECONDS) return "Old quotes";
  if ((status.lag_seconds ?? 0) > LAG_WARN_SECONDS) return "Behind";
  if (status.late_batches) return "Late batches";
  if (status.fleet.queues?.some((queue) => queue.dead)) return "Dead letters";
  return null;
}
