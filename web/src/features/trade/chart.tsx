/** The candles around a trade, with its entry, exits, and where stop and targets stand. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { CandleChart } from "@/components/chart";
import { Card } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { Answer, Empty } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { candles, frame, INTERVALS, type Interval } from "@/lib/queries/candles";
import { isLive } from "@/lib/trades";
import { levelsOf, marksOf } from "./lines";

export function Chart({ trade }: { trade: Trade }) {
  const end = isLive(trade) ? null : (trade.exit_time ?? trade.updated_at);
  const fitting = useMemo(
    () => frame(trade.entry_time ?? trade.created_at, end),
    [trade.entry_time, trade.created_at, end],
  );
  const [chosen, choose] = useState<Interval | null>(null);
  const interval = chosen ?? fitting.interval;
  const span = chosen && chosen !== fitting.interval ? {} : fitting.span;
  const asked = useQuery(candles(trade.market_type, trade.symbol, interval, span, fitting.limit));
  const levels = useMemo(() => levelsOf(trade), [trade]);
  const marks = useMemo(() => marksOf(trade), [trade]);
  return (
    <Card
      title="Price"
      bare
      end={
        <Segmented
          label="Interval"
          value={interval}
          onChange={choose}
          options={INTERVALS.map((value) => ({ value, text: value }))}
        />
      }
    >
      <Answer of={asked}>
        {(bars) =>
          bars.length ? (
            <CandleChart
              bars={bars}
              tick={trade.symbol_detail.tick_size}
              levels={levels}
              marks={marks}
              label={`Candles of ${trade.symbol} around this trade`}
            />
          ) : (
            <Empty icon="market" title="No candles of that time">
              The exchange keeps none for this span.
            </Empty>
          )
        }
      </Answer>
    </Card>
  );
}
