/**
 * The one EventSource. It resumes after the last id it has seen, whatever cut it: the browser does so by itself after
 * a lost connection; after a refusal, a silence, or when other prices are wanted, we reconnect with the id in the address.
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
/** The API says something every 15 s: after this long without a word the connection is dead, though nothing tells so. */
const SILENCE_MS = 40_000;
const LISTEN_MS = 5000;
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
  #heardAt = 0;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();

  start(handlers: Handlers): () => void {
    this.#handlers = handlers;
    this.#open();
    this.#watchdog = setInterval(() => this.#listen(), LISTEN_MS);
    return () => {
      this.#handlers = null;
      clearInterval(this.#watchdog);
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
    this.#heardAt = Date.now();
    source.onopen = () => this.#connected();
    source.onerror = () => this.#failed(source);
    const on = <T>(type: string, use: (data: T) => void) =>
      source.addEventListener(type, (event) => this.#take<T>(event, use));
    on<TradeEvent>("paper_trade", (data) => this.#handlers?.trade(data));
    on<{ price: Price }>("price", ({ price }) => prices.put([price]));
    on("reset", () => this.#handlers?.reset());
    on("beat", () => {});
    for (const type of OTHER_TYPES) on<OtherEvent>(type, (data) => this.#handlers?.other(data));
  }

  #take<T>(event: MessageEvent<string>, use: (data: T) => void): void {
    this.#heardAt = Date.now();
    if (event.lastEventId) this.#lastId = event.lastEventId;
    use((event.data ? JSON.parse(event.data) : {}) as T);
  }

  /** A connection can die without a word: a machine that slept, a network that drops what is sent. */
  #listen(): void {
    const heardAt = this.#heardAt;
    if (!this.#source || Date.now() - heardAt < SILENCE_MS) return;
    this.#tell("lost", heardAt);
    this.#open();
  }

  #connected(): void {
    this.#heardAt = Date.now();
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

  #tell(link: Link, since = Date.now()): void {
    if (link === this.link) return;
    this.lostAt = link === "live" ? null : (this.lostAt ?? since);
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
