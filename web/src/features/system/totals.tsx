/** The fleet's pulse in figures. */
import { Time } from "@/components/trade/labels";
import { Stat } from "@/components/ui/card";
import type { SystemStatus } from "@/lib/api/types";
import { age, count, DASH, fixedSeconds, percent } from "@/lib/format";

const LAG_WARN_SECONDS = 180;
const FEED_WARN_SECONDS = 15;

export function Totals({ of }: { of: SystemStatus }) {
  const lag = of.lag_seconds;
  const { timings = {}, queues = [] } = of.fleet;
  const ages = Object.values(of.feeds).map((feed) => feed.quote_age_seconds);
  const oldest = ages.length ? Math.max(...ages.map((each) => each ?? Number.POSITIVE_INFINITY)) : null;
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const dead = queues.reduce((sum, queue) => sum + queue.dead, 0);
  const eldest = Math.max(0, ...queues.map((queue) => queue.oldest_seconds ?? 0));
  return (
    <div className="stats">
      <Stat
        label="Lag"
        explain="How far the judged price path of the furthest pair lies behind the exchange's present."
        value={age(lag)}
        tone={lag !== null && lag > LAG_WARN_SECONDS ? "down" : ""}
        note={of.lag[0] ? of.lag[0].symbol : DASH}
      />
      <Stat
        label="Last cycle"
        explain="How long the last finished cycle over all pairs took, from its slot to its last batch."
        value={age(of.cycle_seconds)}
        note={<Time at={of.cycle_slot} />}
      />
      <Stat
        label="Sweep"
        explain="How long the last sweep over all quotes of a market took, perpetuals and spot."
        value={fixedSeconds(timings["sweep FUTURES"]?.seconds)}
        note={`spot ${fixedSeconds(timings["sweep SPOT"]?.seconds)}`}
      />
      <Stat
        label="Feed age"
        explain="Since the exchange was last asked for all prices, the older of both markets."
        value={age(oldest !== null && Number.isFinite(oldest) ? oldest : null)}
        tone={oldest !== null && oldest > FEED_WARN_SECONDS ? "down" : ""}
        note={`${count(of.pairs)} pairs`}
      />
      <Stat
        label="Queues"
        explain="Messages that wait for a worker, all queues together."
        value={count(waiting)}
        note={`oldest ${age(eldest)}`}
      />
      <Stat
        label="Dead letters"
        explain="Messages that failed for good. What they asked for is asked again by the next cycle."
        value={count(dead)}
        tone={dead ? "down" : ""}
        note={`${count(of.late_batches)} late batches`}
      />
      <Stat
        label="Live trades"
        value={count(of.open_trades)}
        note={`${count(of.pending_trades)} pending, ${count(of.held_trades)} held`}
      />
      <Stat
        label="Ambiguous"
        explain="Share of closed trades where the order of prices inside a minute had to be assumed."
        value={percent(of.ambiguous_share === null ? null : 100 * of.ambiguous_share, 2)}
        note={`of ${count(closed(of.trades))} closed`}
      />
    </div>
  );
}

const closed = (trades: Record<string, number>) =>
  Object.entries(trades).reduce((sum, [status, number]) => sum + (status.startsWith("CLOSED") ? number : 0), 0);
