/** Numbers and times as people read them. Prices arrive as strings and never show more digits than their tick. */

export const DASH = "–";
const MINUS = "−";
const THIN = "\u2009";

type Known = string | number;
type Numeric = Known | null | undefined;
type Sign = "negative" | "exceptZero";

const formats = new Map<string, Intl.NumberFormat>();

/** Rounded as the decimal that it is, which a float of it may not be; no "-0.00". */
function fixed(value: Known, digits: number, sign: Sign = "negative"): string {
  const key = `${digits}${sign}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: sign,
    });
    formats.set(key, format);
  }
  return format.format(value as number).replace("-", MINUS);
}

const GROUPED = /^\d{1,3}(,\d{3})+(\.\d*)?$/;

/**
 * What somebody typed or pasted as a plain decimal: "65,432.10", as this screen writes it, is 65432.10. A comma that is
 * typed comes alone and after the digits before it, so it stands for the point.
 */
export function typedNumber(text: string): string {
  const given = text.trim();
  const plain = GROUPED.test(given) ? given.replaceAll(",", "") : given.replaceAll(",", ".");
  const [whole = "", ...rest] = plain.replace(/[^0-9.]/g, "").split(".");
  return rest.length ? `${whole || "0"}.${rest.join("")}` : whole;
}

/** Several, apart by spaces or by a comma and a space: "70,5, 72" is 70.5 72. */
export function typedNumbers(text: string): string {
  const parts = text.trimStart().split(/[.,;]?\s+|;/);
  return parts.map(typedNumber).join(" ");
}

/** Decimal places of a tick or step such as "0.0100" (2) or "10" (0). */
export function places(tick: string): number {
  if (/e-/i.test(tick)) return Number(tick.split(/e-/i)[1]);
  const fraction = tick.split(".")[1] ?? "";
  return fraction.replace(/0+$/, "").length;
}

/** A price to its tick; without a tick, the digits it came with. */
export function price(value: Numeric, tick?: string | null): string {
  if (value === null || value === undefined || value === "") return DASH;
  const digits = tick && Number(tick) > 0 ? places(tick) : Math.min(significant(String(value)), 10);
  return fixed(value, digits);
}

function significant(text: string): number {
  return (text.split(".")[1] ?? "").replace(/0+$/, "").length;
}

/** Digits for a price that comes without its tick: five that count. */
export function digitsOf(value: number): number {
  const size = Math.floor(Math.log10(Math.abs(value) || 1));
  return Math.min(8, Math.max(2, 4 - size));
}

/** USDT with two decimals. */
export function money(value: Numeric, digits = 2): string {
  return value === null || value === undefined ? DASH : fixed(value, digits);
}

/** USDT with its sign: profit and loss. */
export function signed(value: Numeric, digits = 2): string {
  return value === null || value === undefined ? DASH : fixed(value, digits, "exceptZero");
}

export function percent(value: Numeric, digits = 2): string {
  return value === null || value === undefined ? DASH : `${fixed(value, digits)}${THIN}%`;
}

export function signedPercent(value: Numeric, digits = 2): string {
  return value === null || value === undefined ? DASH : `${signed(value, digits)}${THIN}%`;
}

/** Between bid and ask: three decimals, and what is narrower is said to be. */
export function spreadText(value: number | null): string {
  return value !== null && value > 0 && value < 0.0005 ? `<0.001${THIN}%` : percent(value, 3);
}

/** A figure with at most so many decimals and no trailing zeros: ratios, quantities. */
export function figure(value: Numeric, digits = 2): string {
  if (value === null || value === undefined || value === "") return DASH;
  const number = Number(value);
  if (!Number.isFinite(number)) return DASH;
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }).format(number).replace("-", MINUS);
}

/** A ratio with two decimals, so that a column of them aligns. */
export function ratio(value: Numeric): string {
  return value === null || value === undefined ? DASH : fixed(value, 2);
}

/** "signal expired" as a sentence begins; the name of a field, such as signal_time, stays as it is. */
export function sentence(text: string): string {
  return /^\w*_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Money as a table of big sums shows it: 1.2M. */
export function compact(value: Numeric): string {
  if (value === null || value === undefined) return DASH;
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 })
    .format(Number(value))
    .replace("-", MINUS);
}

export function count(value: Numeric): string {
  return value === null || value === undefined ? DASH : fixed(value, 0);
}

/** "1 trade", "2 trades". */
export const counted = (value: number, noun: string) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** Short, in the reader's zone: the time today, else day and time. */
export function moment(iso: string | null | undefined, now = new Date()): string {
  if (!iso) return DASH;
  const time = new Date(iso);
  if (time.toDateString() === now.toDateString()) return clock.format(time);
  const date = time.getFullYear() === now.getFullYear() ? day.format(time) : dayAndYear.format(time);
  return `${date} ${clock.format(time).slice(0, 5)}`;
}

/** In full, with the zone: for tooltips. */
export function fullMoment(iso: string | null | undefined): string {
  return iso ? whole.format(new Date(iso)) : DASH;
}

/** The UTC day of a moment: YYYY-MM-DD. */
export const dayOf = (at: string | number) => new Date(at).toISOString().slice(0, 10);

/** Two units at most: 45s, 3m 20s, 2h 05m, 4d 3h. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const total = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(total / 86400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
  ];
  const two = (value: number) => String(value).padStart(2, "0");
  if (days) return `${days}d ${hours}h`;
  if (hours) return `${hours}h ${two(minutes)}m`;
  if (minutes) return `${minutes}m ${two(total % 60)}s`;
  return `${total}s`;
}

export function age(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return DASH;
  return seconds < 10 ? `${fixed(seconds, 1)}${THIN}s` : duration(seconds);
}

/** "take_profit" as a person writes it. */
export function words(name: string | null | undefined): string {
  if (!name) return DASH;
  if (name === "api") return "API";
  return sentence(name.replaceAll("_", " ").toLowerCase());
}

/** Short times to the hundredth: how long a piece of work took. */
export function fixedSeconds(seconds: number | null | undefined): string {
  return seconds === null || seconds === undefined ? DASH : `${fixed(seconds, 2)}${THIN}s`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Sizes in units of 1000: 1.2 GB. */
export function bytes(size: number): string {
  const power = size >= 1000 ? Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3)) : 0;
  return `${fixed(size / 1000 ** power, power > 1 ? 1 : 0)}${THIN}${UNITS[power]}`;
}
