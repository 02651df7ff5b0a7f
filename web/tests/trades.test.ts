import { expect, test } from "vitest";
import { toCsv } from "@/features/history/csv";
import type { Price, Trade } from "@/lib/api/types";
import { distance, progress, targetsAhead, unrealized } from "@/lib/trades";

const trade = {
  id: 7,
  status: "OPEN",
  direction: "SHORT",
  market_type: "FUTURES",
  symbol: "BTCUSDT",
  entry_price: "60000",
  entry_fee: "3",
  quantity: "0.1",
  remaining_quantity: "0.05",
  stop_loss: "62000",
  take_profits: [{ price: "56000", fraction: "1", filled: false }],
  taker_rate: "0.0005",
  funding_due: "-0.2",
  margin: "1200",
  notes: '=1+"2"',
} as unknown as Trade;

const quote = { bid: "58990", ask: "59000", last: "58995" } as Price;

test("a short is marked at the ask, less its fee, its share of the entry fee and funding", () => {
  // 0.05 x 1000 = 50; half the entry fee 1.5; 59000 x 0.05 x 0.0005 = 1.475; funding of 0.2 is to be received
  expect(unrealized(trade, quote)).toBeCloseTo(50 - 1.5 - 1.475 + 0.2, 10);
  expect(unrealized({ ...trade, status: "CLOSED_TP" }, quote)).toBeNull();
});

test("places lie between stop and target", () => {
  expect(progress(trade, 59000)).toEqual({ entry: 1 / 3, now: 0.5 });
  expect(progress(trade, 50000)?.now).toBe(1);
  expect(distance(trade, 59000, "56000", "target")).toBeCloseTo(5.0847, 3);
  expect(distance(trade, 59000, "62000", "stop")).toBeCloseTo(5.0847, 3);
});

test("a file for spreadsheets holds no formulas", () => {
  const [head, row] = toCsv([trade]).split("\r\n");
  expect(head?.split(",")[0]).toBe("id");
  expect(row).toContain(`"'=1+""2"""`);
});

test("the targets that are left are one in all, as an edit takes them", () => {
  const left = (...targets: [string, boolean][]) =>
    targetsAhead({ take_profits: targets.map(([fraction, filled]) => ({ price: "1", fraction, filled })) }).map(
      ({ fraction }) => fraction,
    );
  expect(left(["0.3333333", false], ["0.6666667", false])).toEqual(["0.3333333", "0.6666667"]);
  expect(left(["0.4", true], ["0.6", false])).toEqual(["1"]);
  expect(left(["0.1", true], ["0.3", false], ["0.3", false], ["0.3", false])).toEqual([
    "0.333333",
    "0.333333",
    "0.333334",
  ]);
});
