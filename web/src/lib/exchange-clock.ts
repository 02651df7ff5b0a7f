/**
 * The time at the exchange, in milliseconds. With the real market it is this machine's; a simulated or recorded one may
 * run at any speed and in any year, so both are learnt from what the system tells.
 */
import { useMemo } from "react";
import { useNow } from "./use-now";

interface Told {
  wall: number;
  exchange: number;
}

const SAME_MS = 2000;
const STEADY = 0.05;

let first: Told | null = null;
let last: Told | null = null;

/** The system has told the exchange's time. */
export function tellExchangeTime(iso: string | undefined, wall = Date.now()): void {
  if (!iso) return;
  const told = { wall, exchange: Date.parse(iso) };
  if (!first || told.exchange < first.exchange) first = told;
  last = told;
}

export function exchangeTime(wall = Date.now()): number {
  if (!first || !last) return wall;
  const passed = last.wall - first.wall;
  const speed = passed > 1000 ? (last.exchange - first.exchange) / passed : 1;
  const isSteady = Math.abs(speed - 1) < STEADY;
  if (isSteady && Math.abs(last.exchange - last.wall) < SAME_MS) return wall;
  return last.exchange + (wall - last.wall) * (isSteady ? 1 : speed);
}

/** Once a second. */
export function useExchangeNow(): number {
  const now = useNow();
  return useMemo(() => exchangeTime(Math.max(now, last?.wall ?? 0)), [now]);
}
