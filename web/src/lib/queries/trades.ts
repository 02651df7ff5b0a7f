/** Trades: live ones held whole and kept true by events, closed ones page by page. */
import { type InfiniteData, infiniteQueryOptions, type Query, queryOptions } from "@tanstack/react-query";
import { api, result } from "../api/client";
import type { Revision, Trade } from "../api/types";
import { type TradePage, withTrades } from "../trade-pages";
import { FINAL, isLive } from "../trades";
import { queryClient } from "./client";

const PAGE = 200;
export const LIVE_MAX = 5000;

export interface LiveTrades {
  trades: Trade[];
  /** Whether there are more than the screen holds. */
  cut: boolean;
}

/** What events have said while a list was being read; the newer version of a trade wins. */
const said = new Map<number, Trade>();
const SAID_MAX = 20_000;

export const liveTrades = queryOptions({
  queryKey: ["trades", "live"],
  staleTime: 5 * 60_000,
  refetchInterval: 5 * 60_000, // settled funding reaches a trade without an event
  queryFn: async ({ signal }): Promise<LiveTrades> => {
    said.clear();
    const found = new Map<number, Trade>();
    let cursor: string | null = null;
    do {
      const page: TradePage = await result(
        api.GET("/api/paper-trades", {
          params: { query: { status: ["OPEN,PENDING"], limit: PAGE, ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      );
      for (const trade of page.results) found.set(trade.id, trade);
      cursor = page.next;
    } while (cursor && found.size < LIVE_MAX);
    for (const trade of said.values()) {
      const known = found.get(trade.id);
      if (!isLive(trade)) found.delete(trade.id);
      else if (!known || known.version <= trade.version) found.set(trade.id, trade);
    }
    return { trades: newestFirst([...found.values()]), cut: cursor !== null };
  },
});

export const trade = (id: number) =>
  queryOptions({
    queryKey: ["trade", id],
    queryFn: async ({ signal }): Promise<Trade> => {
      const known = () => queryClient.getQueryData<Trade>(["trade", id]);
      const before = known();
      const read = await result(
        api.GET("/api/paper-trades/{trade_id}", { params: { path: { trade_id: id } }, signal }),
      );
      const told = known(); // by an event, while it was being read
      return told && told !== before && told.version > read.version ? told : read;
    },
  });

export const revisions = (id: number) =>
  queryOptions({
    queryKey: ["trade", id, "revisions"],
    queryFn: async ({ signal }) => {
      const found: Revision[] = [];
      let cursor: string | null = null;
      do {
        const page: { results: Revision[]; next: string | null } = await result(
          api.GET("/api/paper-trades/{trade_id}/revisions", {
            params: { path: { trade_id: id }, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } },
            signal,
          }),
        );
        found.push(...page.results);
        cursor = page.next;
      } while (cursor);
      return found;
    },
  });

export interface HistoryFilter {
  status?: string | undefined;
  market_type?: "SPOT" | "FUTURES" | undefined;
  symbol?: string | undefined;
  direction?: "LONG" | "SHORT" | undefined;
  source?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export const history = (filter: HistoryFilter, limit = PAGE) =>
  infiniteQueryOptions({
    queryKey: ["trades", "history", filter, limit],
    initialPageParam: null as string | null,
    getNextPageParam: (page: TradePage) => page.next,
    queryFn: ({ pageParam, signal }): Promise<TradePage> => {
      const { status, ...rest } = filter;
      const query = { ...given(rest), status: [status || CLOSED], limit, ...(pageParam ? { cursor: pageParam } : {}) };
      return result(api.GET("/api/paper-trades", { params: { query }, signal }));
    },
  });

const CLOSED = FINAL.join(",");

/** Whether the API lists the trade under this filter. */
function fitting({ status, from, to, ...rest }: HistoryFilter): (trade: Trade) => boolean {
  const [begin, end] = [from ? Date.parse(from) : -Infinity, to ? Date.parse(to) : Infinity];
  const same = Object.entries(given(rest)) as [keyof typeof rest, string][];
  return (trade) => {
    const made = Date.parse(trade.created_at);
    return (
      (status ? trade.status === status : !isLive(trade)) &&
      same.every(([field, value]) => trade[field] === value) &&
      begin <= made &&
      made < end
    );
  };
}

type History = Query<InfiniteData<TradePage>>;

/** Told of while a list was being read, by the query's hash: a read ends with the pages that it began with. */
const meanwhile = new Map<string, Trade[]>();

/** Put trades into a list of closed ones, with no need to ask for it again. */
function tellHistory(query: History, changed: readonly Trade[]): void {
  if (query.state.fetchStatus !== "idle") {
    meanwhile.set(query.queryHash, [...(meanwhile.get(query.queryHash) ?? []), ...changed]);
  }
  const known = query.state.data;
  if (!known) return;
  const pages = withTrades(known.pages, changed, fitting(query.queryKey[2] as HistoryFilter));
  if (pages !== known.pages) queryClient.setQueryData(query.queryKey, { ...known, pages });
  const [newest] = pages;
  const isLong = newest && pages.length === 1 && newest.next !== null && newest.results.length > 2 * listedOf(query);
  if (isLong) {
    void queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true }, { cancelRefetch: false });
  }
}

/** How many the list asks for. One of the newest alone is read anew at twice that: screens are open for days. */
const listedOf = (query: History) => query.queryKey[3] as number;

queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== "updated" || event.action.type !== "success" || event.action.manual) return;
  const told = meanwhile.get(event.query.queryHash);
  meanwhile.delete(event.query.queryHash);
  if (told) tellHistory(event.query as History, told);
});

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Put changed trades where they are shown. Several at a time, so that a burst is one change of the screen. */
export function applyTrades(changed: readonly Trade[]): void {
  if (said.size > SAID_MAX) said.clear();
  for (const each of changed) said.set(each.id, each);
  queryClient.setQueryData<LiveTrades>(
    liveTrades.queryKey,
    (known) => known && { ...known, trades: merged(known.trades, changed) },
  );
  for (const each of changed) {
    queryClient.setQueryData<Trade>(["trade", each.id], (known) =>
      known && known.version > each.version ? known : each,
    );
    void queryClient.invalidateQueries({ queryKey: ["trade", each.id, "revisions"] });
  }
  for (const query of queryClient.getQueryCache().findAll({ queryKey: ["trades", "history"] })) {
    tellHistory(query as History, changed);
  }
}

/** Ask again for a trade that refused an edit: a note makes its next version, and no event tells of it. */
export function readAgain(id: number): void {
  queryClient.fetchQuery({ ...trade(id), staleTime: 0 }).then(
    (read) => applyTrades([read]),
    () => undefined, // the refusal is shown already
  );
}

function merged(known: readonly Trade[], changed: readonly Trade[]): Trade[] {
  const all = new Map(known.map((each) => [each.id, each]));
  for (const each of changed) {
    const before = all.get(each.id);
    if (before && before.version > each.version) continue;
    if (isLive(each)) all.set(each.id, each);
    else all.delete(each.id);
  }
  return newestFirst([...all.values()]);
}

function newestFirst(trades: Trade[]): Trade[] {
  return trades.sort((a, b) => b.id - a.id);
}
