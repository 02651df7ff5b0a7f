/** The rows in sight as a file: exact figures as the API has them. */

import type { Trade } from "@/lib/api/types";
import { save } from "@/lib/save";

const FIELDS = [
  "id",
  "symbol",
  "market_type",
  "direction",
  "leverage",
  "status",
  "exit_reason",
  "entry_time",
  "entry_price",
  "exit_time",
  "exit_price",
  "quantity",
  "margin",
  "stop_loss",
  "take_profit",
  "fees",
  "funding",
  "profit_loss",
  "profit_loss_percentage",
  "source",
  "notes",
] as const satisfies readonly (keyof Trade)[];

export function toCsv(trades: readonly Trade[]): string {
  const lines = trades.map((trade) => FIELDS.map((field) => cell(trade[field])).join(","));
  return `${[FIELDS.join(","), ...lines].join("\r\n")}\r\n`;
}

export function saveCsv(trades: readonly Trade[]): void {
  save("paperfleet-trades.csv", "text/csv", toCsv(trades));
}

/** Quoted where needed; a text that a spreadsheet would take for a formula is kept a text. */
function cell(value: unknown): string {
  let text = value == null ? "" : String(value);
  if (/^[=+@\t\r]|^-(?![0-9.]+$)/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
