import { expect, test } from "vitest";
import type { Trade } from "@/lib/api/types";
import { withTrades } from "@/lib/trade-pages";

/** Trade `id` was made at second `id`. */
const trade = (id: number, fields: object = {}) =>
  ({ id, version: 2, status: "CLOSED_TP", created_at: new Date(id * 1000).toISOString(), ...fields }) as Trade;

const closed = ({ status }: Trade) => status === "CLOSED_TP";
const ids = (pages: { results: Trade[] }[]) => pages.map(({ results }) => results.map(({ id }) => id));

const pages = [
  { results: [trade(9), trade(8)], next: "after 8" },
  { results: [trade(5), trade(3)], next: "after 3" },
];

test("a trade stands where the API would list it, and pages without a change stay what they are", () => {
  const found = withTrades(pages, [trade(4)], closed);
  expect(ids(found)).toEqual([
    [9, 8],
    [5, 4, 3],
  ]);
  expect(found[0]).toBe(pages[0]);
  expect(ids(withTrades(pages, [trade(11), trade(10), trade(7)], closed))).toEqual([
    [11, 10, 9, 8],
    [7, 5, 3],
  ]);
});

test("what lies behind the pages that were read comes with its own page, or ends the last one", () => {
  expect(withTrades(pages, [trade(1)], closed)).toBe(pages);
  const whole = [pages[0], { results: [trade(5)], next: null }] as typeof pages;
  expect(ids(withTrades(whole, [trade(1)], closed))).toEqual([
    [9, 8],
    [5, 1],
  ]);
  expect(ids(withTrades([{ results: [], next: null }], [trade(1)], closed))).toEqual([[1]]);
});

test("a trade is replaced by a newer version only, and leaves a list that it fits no longer", () => {
  const noted = withTrades(pages, [trade(5, { version: 3, notes: "late" }), trade(9, { version: 1 })], closed);
  expect(noted[1]?.results[0]?.notes).toBe("late");
  expect(noted[0]?.results[0]).toBe(pages[0]?.results[0]);
  expect(ids(withTrades(pages, [trade(8, { version: 3, status: "VOIDED" })], closed))).toEqual([[9], [5, 3]]);
  expect(withTrades(pages, [trade(20, { status: "OPEN" })], closed)).toBe(pages);
});
