/** The time, once a second, and the day, from one timer for everybody. */
import { useSyncExternalStore } from "react";

let now = Date.now();
let today = new Date(now).toDateString();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  today = new Date(now).toDateString();
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    tick(); // nobody has looked at the time for a while
    timer = setInterval(() => {
      tick();
      for (const each of listeners) each();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (!listeners.size && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(watch, () => now);
}

/** The reader's day by name: who shows times by it renders again after midnight. */
export function useToday(): string {
  return useSyncExternalStore(watch, () => today);
}
