/** Time along charts: a moment is told in the reader's zone, a day (YYYY-MM-DD, of UTC) is the same for every reader. */
import { TickMarkType, type Time, type UTCTimestamp } from "lightweight-charts";
import type { Point } from "./types";

const DAY_LENGTH = "YYYY-MM-DD".length;
const TICKS: Record<TickMarkType, Intl.DateTimeFormatOptions> = {
  [TickMarkType.Year]: { year: "numeric" },
  [TickMarkType.Month]: { month: "short" },
  [TickMarkType.DayOfMonth]: { day: "numeric", month: "short" },
  [TickMarkType.Time]: { hour: "2-digit", minute: "2-digit" },
  [TickMarkType.TimeWithSeconds]: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
const DAY = { day: "2-digit", month: "short", year: "numeric" } as const;
const MOMENT = { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

export const timeOf = (at: string): Time =>
  at.length === DAY_LENGTH ? at : (Math.floor(Date.parse(at) / 1000) as UTCTimestamp);

/** A curve's points in order. Two of one second are one: the later. */
export function inOrder(points: readonly Point[]): { time: Time; value: number }[] {
  const sorted = [...points].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const seen = new Map(sorted.map(({ at, value }) => [timeOf(at), value]));
  return [...seen].map(([time, value]) => ({ time, value }));
}

export const tickText = (time: Time, type: TickMarkType) => text(time, TICKS[type]);
export const timeText = (time: Time) => text(time, isDay(time) ? DAY : MOMENT);

function text(time: Time, options: Intl.DateTimeFormatOptions): string {
  if (isDay(time)) return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(Date.parse(time));
  return new Intl.DateTimeFormat("en-GB", options).format(Number(time) * 1000);
}

const isDay = (time: Time): time is string => typeof time === "string";
