/** Capital and profit day by day, and how far below its peak it stood. */
import { useMemo } from "react";
import { LineChart } from "@/components/chart";
import type { Point } from "@/components/chart/types";
import { Card } from "@/components/ui/card";
import { Explained } from "@/components/ui/tooltip";
import type { Group } from "@/lib/queries/performance";

export function Curves({ days, capital }: { days: readonly Group[]; capital: number; isWhole: boolean }) {
  const { equity, fall } = useMemo(() => curves(days, capital), [days, capital]);
  return (
    <div className="grid cols-wide">
      <Card
        title={
          <Explained term="Capital and profit">
            Capital at the begin of the span and the results since, day by day.
          </Explained>
        }
        bare
      >
        <LineChart points={equity} label="Capital and profit by day" />
      </Card>
      <Card title={<Explained term="Drawdown">Percent below the highest point before.</Explained>} bare>
        <LineChart points={fall} tone="down" hanging label="Drawdown by day, in percent" />
      </Card>
    </div>
  );
}

function curves(days: readonly Group[], capital: number): { equity: Point[]; fall: Point[] } {
  const first = days[0]?.key;
  if (!first) return { equity: [], fall: [] };
  const before = new Date(Date.parse(first) - 86_400_000).toISOString();
  const equity: Point[] = [{ at: before, value: capital }];
  const fall: Point[] = [{ at: before, value: 0 }];
  let [level, peak] = [capital, capital];
  for (const day of days) {
    level += Number(day.total_profit_loss);
    peak = Math.max(peak, level);
    equity.push({ at: day.key, value: level });
    fall.push({ at: day.key, value: peak > 0 ? (100 * (level - peak)) / peak : 0 });
  }
  return { equity, fall };
}
