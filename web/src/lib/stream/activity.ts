/** What has just happened, newest first: the trade events since this page was opened. */
import { useSyncExternalStore } from "react";
import type { TradeEvent } from "./source";

const KEPT = 100;

export interface Happening extends TradeEvent {
  key: string;
  at: string;
}

let happenings: readonly Happening[] = [];
const listeners = new Set<() => void>();

export function recordActivity(event: TradeEvent): void {
  const at = event.trade.updated_at;
  keep([{ ...event, at, key: `${event.trade.id}.${event.trade.version}` }, ...happenings].slice(0, KEPT));
}

export const forgetActivity = () => keep([]);

function keep(next: readonly Happening[]): void {
  happenings = next;
  for (const listener of listeners) listener();
}

export function useActivity(): readonly Happening[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => happenings,
  );
}
