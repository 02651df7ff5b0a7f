/** What a trade draws on a chart: its levels as lines, its entry and exits as marks. */
import type { Level, Mark } from "@/components/chart/types";
import type { Trade } from "@/lib/api/types";
import { words } from "@/lib/format";
import { isLive } from "@/lib/trades";

/** Entry, stop and targets as they stand now; the first stop too where it moved, liquidation while it can happen. */
export function levelsOf(trade: Trade): Level[] {
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

/** Entry and exits, oldest first, on the side of the candle that the order came from. */
export function marksOf(trade: Trade): Mark[] {
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
