/** Signals, and the sources that say them. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, result, type Schemas } from "../api/client";

export type Signal = Schemas["DecidedSignal"];
export type Source = Schemas["SourceView"];
export type SourceStatistics = Schemas["SourceStatistics"];
export type PostedSignal = Schemas["PostedSignal"];
export type Validation = Schemas["Validation"];

export interface SignalFilter {
  status?: string | undefined;
  symbol?: string | undefined;
  source_id?: number | undefined;
  strategy?: string | undefined;
}

interface SignalPage {
  results: Signal[];
  next: string | null;
}

export const signals = (filter: SignalFilter) =>
  infiniteQueryOptions({
    queryKey: ["signals", filter],
    initialPageParam: null as string | null,
    getNextPageParam: (page: SignalPage) => page.next,
    queryFn: ({ pageParam, signal }): Promise<SignalPage> =>
      result(
        api.GET("/api/signals", {
          params: {
            query: {
              limit: 100,
              ...(filter.status ? { status: [filter.status] } : {}),
              ...(filter.symbol ? { symbol: filter.symbol } : {}),
              ...(filter.strategy ? { strategy: filter.strategy } : {}),
              ...(filter.source_id ? { source_id: [filter.source_id] } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
  });

export const signal = (id: number) =>
  queryOptions({
    queryKey: ["signals", id],
    queryFn: ({ signal: abort }) =>
      result(api.GET("/api/signals/{signal_id}", { params: { path: { signal_id: id } }, signal: abort })),
  });

export const sources = queryOptions({
  queryKey: ["sources"],
  refetchInterval: 10_000, // nothing tells of a source that a program has just made
  queryFn: async ({ signal: abort }) => {
    const found: Source[] = [];
    let cursor: string | null = null;
    do {
      const page: { results: Source[]; next: string | null } = await result(
        api.GET("/api/sources", { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } }, signal: abort }),
      );
      found.push(...page.results);
      cursor = page.next;
    } while (cursor);
    return found;
  },
});

export const source = (id: number) =>
  queryOptions({
    queryKey: ["sources", id],
    queryFn: ({ signal: abort }) =>
      result(api.GET("/api/sources/{source_id}", { params: { path: { source_id: id } }, signal: abort })),
  });

export const sourceStatistics = (id: number) =>
  queryOptions({
    queryKey: ["sources", id, "statistics"],
    queryFn: ({ signal: abort }) =>
      result(api.GET("/api/sources/{source_id}/statistics", { params: { path: { source_id: id } }, signal: abort })),
  });

export type CardLine = Schemas["CardLine"];
export type CardBy = Schemas["CardBy"];
export type Scorecard = Schemas["Scorecard"];

/** A line for every source whose signals were traded, all time. */
export const scorecards = queryOptions({
  queryKey: ["sources", "scorecards"],
  queryFn: async ({ signal: abort }) => (await result(api.GET("/api/sources/scorecards", { signal: abort }))).results,
});

export const scorecard = (id: number, by?: CardBy) =>
  queryOptions({
    queryKey: ["sources", id, "scorecard", by ?? ""],
    placeholderData: keepPreviousData,
    queryFn: ({ signal: abort }) =>
      result(
        api.GET("/api/sources/{source_id}/scorecard", {
          params: { path: { source_id: id }, query: by ? { group_by: by } : {} },
          signal: abort,
        }),
      ),
  });

/** What saying a signal would do now; nothing is stored. */
export const validateSignal = (said: PostedSignal, abort: AbortSignal) =>
  result(api.POST("/api/signals/validate", { body: said, signal: abort }));

export const saySignal = (said: PostedSignal, key: string) =>
  result(api.POST("/api/signals", { params: { header: { "Idempotency-Key": key } }, body: said }));
