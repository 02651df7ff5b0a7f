/** Accounts, pairs, quotes and the system's own state. */
import { queryOptions } from "@tanstack/react-query";
import { api, result } from "../api/client";
import type { Instrument, Market } from "../api/types";
import { tellExchangeTime } from "../exchange-clock";
import { prices } from "../stream/prices";

export const accounts = queryOptions({
  queryKey: ["accounts"],
  staleTime: 2000,
  refetchInterval: 10_000,
  queryFn: async ({ signal }) => (await result(api.GET("/api/accounts", { signal }))).results,
});

export const system = queryOptions({
  queryKey: ["system"],
  staleTime: 1000,
  refetchInterval: 5000,
  queryFn: async ({ signal }) => {
    const found = await result(api.GET("/api/system", { signal }));
    tellExchangeTime(found.feeds.FUTURES?.exchange_time ?? found.feeds.SPOT?.exchange_time);
    return found;
  },
});

export const instruments = queryOptions({
  queryKey: ["instruments"],
  staleTime: 10 * 60_000,
  queryFn: async ({ signal }) => {
    const both = await Promise.all((["FUTURES", "SPOT"] as const).map((market) => listed(market, signal)));
    return both.flat();
  },
});

async function listed(market: Market, signal: AbortSignal): Promise<Instrument[]> {
  const found: Instrument[] = [];
  let cursor: string | null = null;
  do {
    const query = { market_type: market, limit: 200, ...(cursor ? { cursor } : {}) };
    const page: { results: Instrument[]; next: string | null } = await result(
      api.GET("/api/instruments", { params: { query }, signal }),
    );
    found.push(...page.results);
    cursor = page.next;
  } while (cursor);
  return found;
}

/** All quotes at once, onto the board that the stream keeps up to date from then on. */
export const allPrices = queryOptions({
  queryKey: ["prices"],
  staleTime: 30_000,
  queryFn: async ({ signal }) => {
    const found = (await result(api.GET("/api/prices", { signal }))).results;
    prices.put(found);
    return found;
  },
});

/** The last day of every pair, hour by hour, by "MARKET:SYMBOL". */
export const day = queryOptions({
  queryKey: ["day"],
  staleTime: 60_000,
  refetchInterval: 5 * 60_000,
  queryFn: async ({ signal }) => {
    const { results } = await result(api.GET("/api/prices/day", { signal }));
    return new Map(
      results.map(({ market_type, symbol, prices: course }) => [
        `${market_type}:${symbol}`,
        course.flatMap((price) => (price === null ? [] : [Number(price)])),
      ]),
    );
  },
});
