/** How often trades came to which multiple of their risk. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Card } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import { counted } from "@/lib/format";
import { type Group, type PerformanceScope, performance } from "@/lib/queries/performance";

const STEP = 0.5;
const FROM = -3;
const TO = 5;

export function Distribution({ scope }: { scope: PerformanceScope }) {
  const asked = useQuery(performance({ ...scope, group_by: "r_multiple" }));
  const bins = useMemo(() => binned(asked.data?.groups ?? []), [asked.data]);
  const inAll = bins.reduce((sum, trades) => sum + trades, 0);
  const most = Math.max(1, ...bins);
  return (
    <Card title="Results in R" end={<span className="dim small num">{counted(inAll, "trade")}</span>}>
      <Answer of={asked}>
        {() =>
          inAll ? (
            <>
              <div className="bars" role="img" aria-label={`Distribution of ${inAll} results in multiples of risk`}>
                {bins.map((number, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a bin is known by its place
                  <div key={place} title={`${label(place)}: ${counted(number, "trade")}`}>
                    <i className={middle(place) < 0 ? "down" : "up"} style={{ height: `${(100 * number) / most}%` }} />
                  </div>
                ))}
              </div>
              <div className="bars-axis num">
                <span>below {FROM + STEP} R</span>
                <span>0</span>
                <span>above {TO - STEP} R</span>
              </div>
            </>
          ) : (
            <Empty icon="performance" title="No results yet" />
          )
        }
      </Answer>
    </Card>
  );
}

/** Trades by step; what lies beyond the first and the last is in those. */
function binned(groups: readonly Group[]): number[] {
  const bins = new Array<number>((TO - FROM) / STEP).fill(0);
  for (const { key, total_trades } of groups) {
    const place = Math.min(bins.length - 1, Math.max(0, (Number(key) - FROM) / STEP));
    bins[place] = (bins[place] ?? 0) + total_trades;
  }
  return bins;
}

const middle = (place: number) => FROM + (place + 0.5) * STEP;
const label = (place: number) => `${FROM + place * STEP} to ${FROM + (place + 1) * STEP} R`;
