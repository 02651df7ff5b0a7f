/** Pages of trades as the API lists them, newest first, kept true by what events tell of single trades. */
import type { Trade } from "./api/types";

export interface TradePage {
  results: Trade[];
  next: string | null;
}

const newestFirst = (a: Trade, b: Trade) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id - a.id;

/**
 * The pages with these trades where they belong, as far as they have been read, and without those that fit no longer.
 * The same pages where that changes nothing.
 */
export function withTrades(
  pages: TradePage[],
  changed: readonly Trade[],
  fits: (trade: Trade) => boolean,
): TradePage[] {
  const told = new Map(changed.map((trade) => [trade.id, trade]));
  let found = pages;
  const put = (place: number, results: Trade[]) => {
    found = found.map((page, at) => (at === place ? { ...page, results } : page));
  };
  pages.forEach(({ results }, place) => {
    if (!results.some(({ id }) => told.has(id))) return;
    const now = results.map((known) => {
      const trade = told.get(known.id);
      told.delete(known.id);
      return trade && trade.version >= known.version ? trade : known;
    });
    put(place, now.filter(fits));
  });
  for (const trade of told.values()) {
    if (!fits(trade)) continue;
    const place = found.findIndex(({ results, next }) => {
      const last = results.at(-1);
      return next === null || (last && newestFirst(trade, last) < 0);
    });
    if (place >= 0) put(place, [...(found[place]?.results ?? []), trade].sort(newestFirst));
  }
  return found;
}
