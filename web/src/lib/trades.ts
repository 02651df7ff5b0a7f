/** What a screen works out of a trade and the last quote. The same formulas as the API's `unrealized_*`. */
import type { Price, Trade, TradeStatus } from "./api/types";

export const LIVE: readonly TradeStatus[] = ["PENDING", "OPEN"];
export const FINAL: readonly TradeStatus[] = [
  "CLOSED_TP",
  "CLOSED_SL",
  "CLOSED_MANUAL",
  "CLOSED_LIQUIDATED",
  "CLOSED_EXPIRED",
  "CANCELLED",
  "VOIDED",
];

export const STATUS_LABELS: Record<TradeStatus, string> = {
  PENDING: "Pending",
  OPEN: "Open",
  CLOSED_TP: "Target",
  CLOSED_SL: "Stop",
  CLOSED_MANUAL: "Manual",
  CLOSED_LIQUIDATED: "Liquidated",
  CLOSED_EXPIRED: "Expired",
  CANCELLED: "Cancelled",
  VOIDED: "Struck out",
};

export const isLive = (trade: Pick<Trade, "status">) => LIVE.includes(trade.status);

export const sign = (trade: Pick<Trade, "direction">) => (trade.direction === "LONG" ? 1 : -1);

export const pairOf = (thing: { market_type: string; symbol: string }) => `${thing.market_type}:${thing.symbol}`;

const SHARES = 1_000_000;

/** The targets that are not filled as an edit takes them: shares of what remains, one in all. */
export function targetsAhead(trade: Pick<Trade, "take_profits">): { price: string; fraction: string }[] {
  const ahead = trade.take_profits.filter(({ filled }) => !filled);
  const whole = ahead.reduce((sum, { fraction }) => sum + Number(fraction), 0);
  let left = SHARES;
  return ahead.map(({ price, fraction }, place) => {
    if (Math.abs(whole - 1) < 1 / SHARES) return { price, fraction };
    const share = place === ahead.length - 1 ? left : Math.round((SHARES * Number(fraction)) / whole);
    left -= share;
    return { price, fraction: String(share / SHARES) };
  });
}

/** Where closing now would happen: bid for LONG, ask for SHORT. */
export function exitQuote(trade: Trade, quote: Price | undefined): number | null {
  if (quote) return Number(trade.direction === "LONG" ? quote.bid : quote.ask);
  return null;
}

/** Unrealized profit in USDT after both fees and settled funding, of what is still held; null without a quote. */
export function unrealized(trade: Trade, quote: Price | undefined): number | null {
  if (trade.status !== "OPEN") return null;
  const at = exitQuote(trade, quote);
  if (at === null) return trade.unrealized_profit_loss == null ? null : Number(trade.unrealized_profit_loss);
  const rest = Number(trade.remaining_quantity);
  const move = (at - Number(trade.entry_price)) * sign(trade) * rest;
  const entryFee = (Number(trade.entry_fee) * rest) / Number(trade.quantity);
  return move - entryFee - at * rest * Number(trade.taker_rate) - Number(trade.funding_due);
}

/** In percent of the margin. */
export function unrealizedPercent(trade: Trade, profit: number | null): number | null {
  return profit === null ? null : (100 * profit) / Number(trade.margin);
}

/** Places between stop (0) and last target (1) of entry and price, clamped; null where there is no target. */
export function progress(trade: Trade, at: number | null): { entry: number; now: number | null } | null {
  const last = trade.take_profits.at(-1);
  if (!last) return null;
  const [stop, target] = [Number(trade.stop_loss), Number(last.price)];
  if (stop === target) return null;
  const place = (value: number) => Math.min(1, Math.max(0, (value - stop) / (target - stop)));
  return { entry: place(Number(trade.entry_price)), now: at === null ? null : place(at) };
}

/** Distance from the price to a level, in percent of the price, positive when the level is not reached yet. */
export function distance(
  trade: Trade,
  at: number | null,
  level: string | null,
  kind: "stop" | "target",
): number | null {
  if (at === null || level === null || !at) return null;
  const ahead = kind === "target" ? sign(trade) : -sign(trade);
  return (100 * (Number(level) - at) * ahead) / at;
}

/** Result in multiples of what the initial stop put at risk; null without both. */
export function multiple(trade: Trade): number | null {
  if (trade.profit_loss == null) return null;
  const risk = Math.abs(Number(trade.entry_price) - Number(trade.initial_stop_loss)) * Number(trade.quantity);
  return risk > 0 ? Number(trade.profit_loss) / risk : null;
}

export function heldSeconds(trade: Trade, now: number): number | null {
  if (!trade.entry_time) return null;
  const end = trade.exit_time && !isLive(trade) ? Date.parse(trade.exit_time) : now;
  return Math.max(0, (end - Date.parse(trade.entry_time)) / 1000);
}
