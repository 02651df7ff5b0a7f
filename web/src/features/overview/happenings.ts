/** What just happened, newest first: trades made, entered, moved, ended. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { together } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { history, liveTrades } from "@/lib/queries/trades";
import { useActivity } from "@/lib/stream/activity";

export interface Happening {
  key: string;
  at: string;
  what: "placed" | "opened" | "moved" | "closed" | "part";
  trade: Trade;
  profit: string | null;
}

const RECENT = 60;
const NO_FILTER = {};

/** The newest closed trades, as the list is kept by events. */
export const recent = () => history(NO_FILTER, RECENT);

export function useHappenings(shown: number) {
  const closed = useInfiniteQuery(recent());
  const live = useQuery(liveTrades);
  const activity = useActivity();
  const data = useMemo(() => {
    const ended = closed.data?.pages[0]?.results;
    if (!ended || !live.data) return undefined;
    const found = new Map<string, Happening>();
    const put = (one: Happening) => found.set(one.key, one);
    for (const trade of ended) for (const one of ofTrade(trade)) put(one);
    for (const trade of live.data.trades.slice(0, RECENT)) for (const one of ofTrade(trade)) put(one);
    for (const { action, trade, at, key } of activity) {
      if (action === "closed" || action === "cancelled") for (const one of ofTrade(trade)) put(one);
      if (action === "updated" && trade.entry_time !== at && isMoved(trade)) {
        put({ key: `${key}.moved`, at, what: "moved", trade, profit: null });
      }
    }
    return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, shown);
  }, [closed.data, live.data, activity, shown]);
  return together([closed, live], data);
}

const isMoved = (trade: Trade) => trade.stop_loss !== trade.initial_stop_loss;

function ofTrade(trade: Trade): Happening[] {
  const { id, status } = trade;
  const found: Happening[] = [];
  if (trade.entry_time) found.push({ key: `${id}.opened`, at: trade.entry_time, what: "opened", trade, profit: null });
  else found.push({ key: `${id}.placed`, at: trade.created_at, what: "placed", trade, profit: null });
  const isOver = status !== "OPEN" && status !== "PENDING";
  for (const exit of isOver ? trade.exits.slice(0, -1) : trade.exits) {
    found.push({ key: `${id}.${exit.part}`, at: exit.time, what: "part", trade, profit: exit.profit_loss });
  }
  if (isOver) {
    const at = trade.exit_time ?? trade.updated_at;
    found.push({ key: `${id}.closed`, at, what: "closed", trade, profit: trade.profit_loss });
  }
  return found;
}
