import { expect, test } from "vitest";
import { levelsOf, marksOf } from "@/features/trade/lines";
import type { Trade } from "@/lib/api/types";

const trade = {
  status: "OPEN",
  direction: "LONG",
  entry_price: "100",
  entry_time: "2026-07-01T12:00:00Z",
  initial_stop_loss: "90",
  stop_loss: "90",
  take_profits: [{ price: "120", fraction: "1", filled: false }],
  liquidation_price: "80",
  exits: [],
} as unknown as Trade;

const titles = (of: Trade) => levelsOf(of).map(({ title, price }) => `${title} ${price}`);

test("a trade's lines are its entry, stop and target, and liquidation for as long as it can happen", () => {
  expect(titles(trade)).toEqual(["Entry 100", "Stop 90", "Target 120", "Liquidation 80"]);
  expect(titles({ ...trade, status: "CLOSED_SL" })).toEqual(["Entry 100", "Stop 90", "Target 120"]);
});

test("a stop that moved leaves a line where it began, and several targets are numbered, what is filled dashed", () => {
  const moved = {
    ...trade,
    stop_loss: "100",
    liquidation_price: null,
    take_profits: [
      { price: "110", fraction: "0.5", filled: true },
      { price: "120", fraction: "0.5", filled: false },
    ],
  } as Trade;
  expect(titles(moved)).toEqual(["Entry 100", "Stop 100", "First stop 90", "Target 1 110", "Target 2 120"]);
  expect(
    levelsOf(moved)
      .slice(3)
      .map(({ dashed }) => dashed),
  ).toEqual([true, false]);
});

test("marks stand on the order's side of the candle, oldest first, in the colour of their result", () => {
  const exits = [
    { time: "2026-07-01T14:00:00Z", reason: "stop_loss", profit_loss: "-1" },
    { time: "2026-07-01T13:00:00Z", reason: "take_profit", profit_loss: "5" },
  ] as unknown as Trade["exits"];
  const said = (of: Trade) => marksOf(of).map(({ text, tone, below }) => [text, tone, below]);
  expect(said({ ...trade, exits })).toEqual([
    ["Entry", "accent", true],
    ["Take profit", "up", false],
    ["Stop loss", "down", false],
  ]);
  expect(said({ ...trade, direction: "SHORT", exits }).map(([, , below]) => below)).toEqual([false, true, true]);
  expect(said({ ...trade, entry_time: null })).toEqual([]);
});
