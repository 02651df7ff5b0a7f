/**
 * The one EventSource. It resumes after the last id it has seen, whatever cut it: the browser does so by itself after
 * a lost connection; after a refusal, or when other prices are wanted, we reconnect with the id in the address.
 */
import { useEffect, useSyncExternalStore } from "react";
import type { Price, Trade } from "../api/types";
import { prices } from "./prices";

export type Link = "connecting" | "live" | "lost" | "refused";

export interface TradeEvent {
  type: "paper_trade";
  action: "created" | "opened" | "updated" | "closed" | "cancelled" | "voided";
  trade: Trade;
}

export interface OtherEvent {
  type: string;
  action: string;
  [field: string]: unknown;
}

interface Handlers {
  trade(event: TradeEvent): void;
  other(event: OtherEvent): void;
  /** The history is another one, or the first connection came after the first reads: read everything anew. */
  reset(): void;
  /** Connected again: what has no history (prices, balances) is to be read anew. */
  resumed(): void;
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const OTHER_TYPES = ["instrument", "system", "signal", "account", "mode", "webhook", "notification"];

class Stream {
  link: Link = "connecting";
  lostAt: number | null = null;
  #source: EventSource | null = null;
  #lastId = "";
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #handlers: Handlers | null = null;
  #wanted = new Map<string, number>();
  #opened = "";
  readonly #listeners = new Set<() => void>();

  start(handlers: Handlers): () => void {
    this.#handlers = handlers;
    this.#open();
    return () => {
      this.#handlers = null;
      this.#close();
      this.#lastId = "";
    };
  }

  watch = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Follow these prices too ("all", or pairs) until the returned function is called. */
  follow(names: readonly string[]): () => void {
    for (const name of names) this.#wanted.set(name, (this.#wanted.get(name) ?? 0) + 1);
    this.#reconsider();
    return () => {
      for (const name of names) {
        const left = (this.#wanted.get(name) ?? 1) - 1;
        if (left) this.#wanted.set(name, left);
        else this.#wanted.delete(name);
      }
      this.#reconsider();
    };
  }

  /** Come back after the last event seen: what concerns the reader (a new source) is asked for when a stream opens. */
  renew(): void {
    if (this.#handlers && this.link === "live") this.#open();
  }

  /** Try at once, for a reader who does not want to wait. */
  retry(): void {
    if (this.link === "live" || !this.#handlers) return;
    this.#open();
  }

  #prices(): string {
    if (this.#wanted.has("all")) return "all";
    return ["positions", ...[...this.#wanted.keys()].sort()].join(",");
  }

  #reconsider(): void {
    if (!this.#handlers || this.#opened === this.#prices()) return;
    queueMicrotask(() => {
      if (this.#handlers && this.#source && this.#opened !== this.#prices()) this.#open();
    });
  }

  #open(): void {
    this.#close();
    this.#opened = this.#prices();
    const query = new URLSearchParams({ prices: this.#opened });
    if (this.#lastId) query.set("last_event_id", this.#lastId);
    const source = new EventSource(`/api/events/?${query}`);
    this.#source = source;
    source.onopen = () => this.#connected();
    source.onerror = () => this.#failed(source);
    source.addEventListener("paper_trade", (event) =>
      this.#take<TradeEvent>(event, (data) => this.#handlers?.trade(data)),
    );
    source.addEventListener("price", (event) => prices.put([JSON.parse(event.data).price as Price]));
    source.addEventListener("reset", (event) => this.#take(event, () => this.#handlers?.reset()));
    for (const type of OTHER_TYPES) {
      source.addEventListener(type, (event) => this.#take<OtherEvent>(event, (data) => this.#handlers?.other(data)));
    }
  }

  #take<T>(event: MessageEvent<string>, use: (data: T) => void): void {
    if (event.lastEventId) this.#lastId = event.lastEventId;
    use((event.data ? JSON.parse(event.data) : {}) as T);
  }

  #connected(): void {
    const wasLost = this.link === "lost" || this.link === "refused";
    this.#failures = 0;
    this.#tell("live");
    if (!this.#lastId) this.#handlers?.reset();
    else if (wasLost) this.#handlers?.resumed();
  }

  #failed(source: EventSource): void {
    if (source !== this.#source) return;
    this.#tell(source.readyState === EventSource.CLOSED && this.#failures > 3 ? "refused" : "lost");
    if (source.readyState !== EventSource.CLOSED) return;
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 8000;
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  #close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#source?.close();
    this.#source = null;
  }

  #tell(link: Link): void {
    if (link === this.link) return;
    this.lostAt = link === "live" ? null : (this.lostAt ?? Date.now());
    this.link = link;
    for (const listener of this.#listeners) listener();
  }
}

export const stream = new Stream();

/** How the connection stands. */
export function useLink(): Link {
  return useSyncExternalStore(stream.watch, () => stream.link);
}

/** Follow the prices of these pairs (or "all") while the component is there. */
export function useFollowed(names: readonly string[]): void {
  const key = names.join(",");
  useEffect(() => (key ? stream.follow(key.split(",")) : undefined), [key]);
}
