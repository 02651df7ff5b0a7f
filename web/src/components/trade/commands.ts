/** What a person orders of a trade, and what the screen says of it. */
import { complain, toast } from "@/components/ui/toasts";
import { ApiError, api, result } from "@/lib/api/client";
import type { EditTrade, NewTrade, Trade } from "@/lib/api/types";
import { signed } from "@/lib/format";
import { onceKey } from "@/lib/once";
import { applyTrades, readAgain } from "@/lib/queries/trades";
import { targetsAhead } from "@/lib/trades";

const name = (trade: Trade) => `${trade.symbol} ${trade.direction === "LONG" ? "long" : "short"}`;

/** Close all of it or a fraction of what remains; the same key twice closes once. */
export async function closeTrade(trade: Trade, fraction?: string, key: string = onceKey()): Promise<void> {
  const closed = await result(
    api.POST("/api/paper-trades/{trade_id}/close_trade", {
      params: { path: { trade_id: trade.id }, header: { "Idempotency-Key": key } },
      body: fraction && fraction !== "1" ? { fraction } : {},
    }),
  );
  applyTrades([closed]);
  if (closed.is_open) toast(`${name(trade)}: accepted, part of it closes at this moment's price`, "good");
  else toast(`${name(trade)} closed: ${signed(closed.profit_loss)} USDT`, "good");
}

export async function cancelTrade(trade: Trade): Promise<void> {
  const cancelled = await result(
    api.POST("/api/paper-trades/{trade_id}/cancel_trade", { params: { path: { trade_id: trade.id } } }),
  );
  applyTrades([cancelled]);
  toast(`${name(trade)} cancelled`, "plain", { label: "Place again", run: () => void placeAgain(trade) });
}

/** Move stop or targets; a trade that changed meanwhile refuses. Offers to move them back. */
export async function editTrade(trade: Trade, change: EditTrade, undoable = true): Promise<void> {
  const edited = await result(
    api.PATCH("/api/paper-trades/{trade_id}", {
      params: { path: { trade_id: trade.id }, header: { "If-Match": `${trade.version}` } },
      body: change,
    }),
  ).catch((error: unknown) => {
    readAgain(trade.id);
    throw error;
  });
  applyTrades([edited]);
  const undo = undoable ? { label: "Undo", run: () => void undoEdit(edited, trade, change) } : undefined;
  toast(`${name(trade)}: plan moved`, "good", undo);
}

async function undoEdit(edited: Trade, before: Trade, change: EditTrade): Promise<void> {
  const back: EditTrade = {};
  if (change.stop_loss) back.stop_loss = before.stop_loss;
  if (change.take_profit || change.take_profits) back.take_profits = targetsAhead(before);
  try {
    await editTrade(edited, back, false);
  } catch (error) {
    complain(error);
  }
}

/** The very same order again, of a trade that never filled: on its account, by its rules. */
async function placeAgain(trade: Trade): Promise<void> {
  const { entry_zone: far, ...rules } = trade.rules;
  const order: NewTrade = {
    ...rules,
    ...(far == null ? { entry_price: trade.entry_price } : { entry_zone: [trade.entry_price, far] }),
    account_id: trade.account_id,
    market_type: trade.market_type,
    symbol: trade.symbol,
    direction: trade.direction,
    entry_type: trade.entry_type,
    stop_loss: trade.stop_loss,
    take_profits: trade.take_profits.map(({ price, fraction }) => ({ price, fraction })),
    position_size: trade.position_size,
    leverage: trade.leverage,
    fill_model: trade.fill_model,
    source: trade.source,
    notes: trade.notes,
  };
  try {
    await openTrade(order, onceKey());
  } catch (error) {
    complain(error);
  }
}

/** Open a trade; the same key twice opens one. */
export async function openTrade(order: NewTrade, key: string): Promise<Trade> {
  const opened = await result(
    api.POST("/api/paper-trades", { params: { header: { "Idempotency-Key": key } }, body: order }),
  );
  applyTrades([opened]);
  toast(opened.is_open ? `${name(opened)} opened` : `${name(opened)} waits for its entry`, "good");
  return opened;
}

export const previewTrade = (order: NewTrade, signal: AbortSignal) =>
  result(api.POST("/api/paper-trades/preview", { body: order, signal }));

/** The field a refusal is about, with its words. */
export function refusedField(error: unknown): { field: string; words: string } | null {
  if (!(error instanceof ApiError)) return error ? { field: "", words: String((error as Error).message) } : null;
  return { field: error.field.split(".")[0] ?? "", words: error.message };
}
