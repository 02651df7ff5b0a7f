/** The last days of equity in one curve. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "react-router";
import { LineChart } from "@/components/chart";
import { Card, tone } from "@/components/ui/card";
import { FailureLine, isUnanswered } from "@/components/ui/states";
import { signedPercent } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import { equity } from "@/lib/queries/performance";

const DAYS = 2;
const POINTS_MIN = 3;

export function EquityCard() {
  const owned = useQuery(accounts);
  const own = owned.data;
  const asked = useQuery(equity(own?.[0]?.id, DAYS, "minute"));
  const { data } = asked;
  const points = useMemo(
    () => data?.points.map((point) => ({ at: point.time, value: Number(point.equity) })) ?? [],
    [data],
  );
  const unanswered = [owned, asked].find(isUnanswered);
  if (unanswered) {
    return (
      <Card title="Equity">
        <FailureLine what="the equity" of={unanswered} />
      </Card>
    );
  }
  if (points.length < POINTS_MIN) return null;
  const name = own && own.length > 1 ? `Equity of ${own[0]?.name}` : "Equity";
  return (
    <Card
      title={
        <>
          {name}, today and yesterday{" "}
          <span className={`num ${tone(data?.return_percent)}`}>{signedPercent(data?.return_percent)}</span>
        </>
      }
      bare
      end={<Link to="/performance">Performance</Link>}
    >
      <LineChart points={points} height={180} label="Equity of the last days" />
    </Card>
  );
}
