/** What the stream's events do to the cache, gathered so that a burst of closings is one change. */
import type { Trade } from "../api/types";
import { forgetActivity, recordActivity } from "../stream/activity";
import { type OtherEvent, stream, type TradeEvent } from "../stream/source";
import { queryClient } from "./client";
import { applyTrades } from "./trades";

const GATHER_MS = 50;
const SUMS_MS = 1000;
const OTHERS_MS = 300;

let gathered: Trade[] = [];
let gathering: ReturnType<typeof setTimeout> | null = null;
let asking: ReturnType<typeof setTimeout> | null = null;
const outdated = new Set<string>();
let summing: ReturnType<typeof setTimeout> | null = null;

/** Follow the stream for as long as the reader is the same; the returned function ends it, and forgets what it told. */
export function followEvents(): () => void {
  const end = stream.start({
    trade: take,
    other: takeOther,
    reset: () => void queryClient.invalidateQueries(),
    resumed: () => {
      // A stream ends with the login, too: who reads on by the cookie of now may be another, or nobody.
      for (const key of ["session", "accounts", "system", "prices"]) {
        void queryClient.invalidateQueries({ queryKey: [key] });
      }
    },
  });
  return () => {
    end();
    gathered = [];
    forgetActivity();
  };
}

function take(event: TradeEvent): void {
  recordActivity(event);
  gathered.push(event.trade);
  if (gathering === null) gathering = setTimeout(settle, GATHER_MS);
}

function settle(): void {
  const changed = gathered;
  gathered = [];
  gathering = null;
  applyTrades(changed);
  if (summing === null)
    summing = setTimeout(() => {
      summing = null;
      for (const key of ["accounts", "performance", "equity"]) void queryClient.invalidateQueries({ queryKey: [key] });
    }, SUMS_MS);
}

const KEYS: Record<string, readonly string[]> = {
  instrument: ["instruments"],
  system: ["system", "operations"],
  signal: ["signals", "sources"],
  account: ["accounts", "mode", "ledger"],
  webhook: ["webhooks"],
  notification: ["notifications"],
};

/** A burst of signals asks once for what they have changed. */
function takeOther(event: OtherEvent): void {
  for (const key of KEYS[event.type] ?? []) outdated.add(key);
  if (asking !== null) return;
  asking = setTimeout(() => {
    asking = null;
    for (const key of outdated) void queryClient.invalidateQueries({ queryKey: [key] });
    outdated.clear();
  }, OTHERS_MS);
}
