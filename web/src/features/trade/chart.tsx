/** The candles around a trade, with its entry, exits, and where stop and targets stand. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { CandleChart } from "@/components/chart";
import type { Level, Mark } from "@/components/chart/types";
import { Card } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { Answer, Empty } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { words } from "@/lib/format";
import { candles, frame, INTERVALS, type Interval } from "@/lib/queries/candles";
import { isLive } from "@/lib/trades";

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

function levelsOf(trade: Trade): Level[] {
  const levels: Level[] = [
    { price: trade.entry_price, title: "Entry", tone: "accent", dashed: true },
    { price: trade.stop_loss, title: "Stop", tone: "down" },
  ];
  if (trade.initial_stop_loss !== trade.stop_loss) {
    levels.push({ price: trade.initial_stop_loss, title: "First stop", tone: "text", dashed: true });
  }
  trade.take_profits.forEach((target, place) => {
    const title = trade.take_profits.length > 1 ? `Target ${place + 1}` : "Target";
    levels.push({ price: target.price, title, tone: "up", dashed: target.filled });
  });
  if (trade.liquidation_price && isLive(trade)) {
    levels.push({ price: trade.liquidation_price, title: "Liquidation", tone: "warn", dashed: true, far: true });
  }
  return levels;
}

function marksOf(trade: Trade): Mark[] {
  const isLong = trade.direction === "LONG";
  const marks: Mark[] = [];
  if (trade.entry_time) marks.push({ at: trade.entry_time, text: "Entry", tone: "accent", below: isLong });
  for (const exit of trade.exits) {
    marks.push({
      at: exit.time,
      text: words(exit.reason),
      tone: Number(exit.profit_loss) >= 0 ? "up" : "down",
      below: !isLong,
    });
  }
  return marks.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
