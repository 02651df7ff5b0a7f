/** The last quote of every pair that somebody looks at. Readers are told at most four times a second. */
import { useCallback, useSyncExternalStore } from "react";
import type { Price } from "../api/types";

const FLUSH_MS = 250;

type Listener = () => void;

class PriceBoard {
  readonly #quotes = new Map<string, Price>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #everything = new Set<Listener>();
  readonly #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  version = 0;

  get(pair: string): Price | undefined {
    return this.#quotes.get(pair);
  }

  get size(): number {
    return this.#quotes.size;
  }

  put(quotes: Iterable<Price>): void {
    for (const quote of quotes) {
      const pair = `${quote.market_type}:${quote.symbol}`;
      const known = this.#quotes.get(pair);
      if (known && known.asked_at >= quote.asked_at) continue;
      this.#quotes.set(pair, quote);
      this.#changed.add(pair);
    }
    if (this.#changed.size && this.#timer === null) this.#timer = setTimeout(() => this.#flush(), FLUSH_MS);
  }

  watch(pair: string, listener: Listener): Listener {
    const listeners = this.#listeners.get(pair) ?? new Set();
    this.#listeners.set(pair, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (!listeners.size) this.#listeners.delete(pair);
    };
  }

  watchAll(listener: Listener): Listener {
    this.#everything.add(listener);
    return () => this.#everything.delete(listener);
  }

  #flush(): void {
    this.#timer = null;
    this.version += 1;
    const told = new Set(this.#everything);
    for (const pair of this.#changed) {
      for (const listener of this.#listeners.get(pair) ?? []) told.add(listener);
    }
    this.#changed.clear();
    for (const listener of told) listener();
  }
}

export const prices = new PriceBoard();

/** The pair's last quote; the component renders again when it changes. */
export function useQuote(pair: string | null): Price | undefined {
  const subscribe = useCallback((listener: Listener) => (pair ? prices.watch(pair, listener) : () => {}), [pair]);
  return useSyncExternalStore(subscribe, () => (pair ? prices.get(pair) : undefined));
}

/** Grows whenever any quote has changed: for sums over many pairs. */
export function usePriceVersion(): number {
  return useSyncExternalStore(
    useCallback((listener: Listener) => prices.watchAll(listener), []),
    () => prices.version,
  );
}
