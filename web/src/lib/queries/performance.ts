/** What closed trades came to. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, result, type Schemas } from "../api/client";

export type Performance = Schemas["Performance"];
export type Group = Schemas["Group"];
export type GroupBy = Schemas["GroupBy"];

const MINUTE_MS = 60_000;

export interface PerformanceScope {
  days?: number | undefined;
  market_type?: "SPOT" | "FUTURES" | undefined;
  direction?: "LONG" | "SHORT" | undefined;
  source?: string | undefined;
  account_id?: number | undefined;
  group_by?: GroupBy | undefined;
}

export const performance = (scope: PerformanceScope) =>
  queryOptions({
    queryKey: ["performance", scope],
    placeholderData: keepPreviousData,
    refetchInterval: MINUTE_MS, // "today" and "the last week" are others when a day has passed without an event
    queryFn: ({ signal }) => {
      const query = Object.fromEntries(Object.entries(scope).filter(([, value]) => value));
      return result(api.GET("/api/paper-trades/performance", { params: { query }, signal }));
    },
  });

/** An account's equity, marked to market, of the last so many days or all time. */
export const equity = (account: number | undefined, days: number | undefined, span?: Schemas["Span"]) =>
  queryOptions({
    queryKey: ["equity", account ?? 0, days ?? 0, span ?? ""],
    enabled: account !== undefined,
    placeholderData: (before: Schemas["EquityCurve"] | undefined, asked) =>
      asked?.queryKey[1] === (account ?? 0) ? before : undefined,
    refetchInterval: MINUTE_MS,
    queryFn: ({ signal }) => {
      const query = {
        ...(account ? { account_id: account } : {}),
        ...(days ? { days } : {}),
        ...(span ? { span } : {}),
      };
      return result(api.GET("/api/paper-trades/equity", { params: { query }, signal }));
    },
  });
