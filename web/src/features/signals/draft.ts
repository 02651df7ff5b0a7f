/** A signal while it is being written. */
import type { Direction, Market } from "@/lib/api/types";
import type { PostedSignal } from "@/lib/queries/signals";

export interface Draft {
  source: string;
  market: Market;
  symbol: string;
  direction: Direction;
  by: "percent" | "price";
  limit: string;
  stop: string;
  target: string;
  size: string;
  leverage: string;
  notes: string;
}

export const EMPTY: Draft = {
  source: "by hand",
  market: "FUTURES",
  symbol: "",
  direction: "LONG",
  by: "percent",
  limit: "",
  stop: "2",
  target: "4",
  size: "",
  leverage: "3",
  notes: "",
};

/** The body of the request; null while something is missing. */
export function signalOf(draft: Draft): PostedSignal | null {
  if (!draft.source || !draft.stop) return null;
  const said: PostedSignal = {
    source: draft.source,
    market_type: draft.market,
    symbol: draft.symbol,
    direction: draft.direction,
    [draft.by === "percent" ? "stop_loss_percent" : "stop_loss"]: draft.stop,
  };
  if (draft.target) said[draft.by === "percent" ? "take_profit_percent" : "take_profit"] = draft.target;
  if (draft.limit) Object.assign(said, { entry_type: "LIMIT", entry_price: draft.limit });
  if (draft.size) said.position_size = draft.size;
  if (draft.market === "FUTURES" && draft.leverage) said.leverage = Number(draft.leverage);
  if (draft.notes) said.notes = draft.notes;
  return said;
}
