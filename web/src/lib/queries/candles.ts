/** Candles of a pair, for its charts. */
import { queryOptions } from "@tanstack/react-query";
import { api, result } from "../api/client";
import type { Market } from "../api/types";
import { exchangeTime } from "../exchange-clock";
import { dayOf } from "../format";

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
export type Interval = (typeof INTERVALS)[number];

const MINUTES: Record<Interval, number> = { "1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440 };

export interface Span {
  from?: string;
  to?: string;
}

export const candles = (market: Market, symbol: string, interval: Interval, span: Span = {}, limit = 300) =>
  queryOptions({
    queryKey: ["candles", market, symbol, interval, span, limit],
    staleTime: 5000,
    refetchInterval: span.to ? (false as const) : 10_000,
    queryFn: async ({ signal }) => {
      const query = { market_type: market, symbol, interval, limit, ...span };
      const found = (await result(api.GET("/api/candles", { params: { query }, signal }))).candles;
      return interval === "1d" ? found.map((bar) => ({ ...bar, open_time: dayOf(bar.open_time) })) : found;
    },
  });

/** The interval that shows a span in about a hundred candles, and the span with room around it. */
export function frame(from: string, to: string | null): { interval: Interval; span: Span; limit: number } {
  const start = Date.parse(from);
  const end = to ? Date.parse(to) : exchangeTime();
  const minutes = Math.max(30, (end - start) / 60_000);
  const interval = INTERVALS.find((each) => minutes / MINUTES[each] <= 160) ?? "1d";
  const room = Math.max(0.35 * minutes, 20 * MINUTES[interval]) * 60_000;
  const span: Span = { from: new Date(start - room).toISOString() };
  if (to) span.to = new Date(end + room).toISOString(); // what lies ahead of now is left out by the API
  return { interval, span, limit: 400 };
}
