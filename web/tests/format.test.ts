import { describe, expect, test } from "vitest";
import { duration, money, places, price, signed, spreadText, typedNumber, typedNumbers } from "@/lib/format";

describe("prices keep to their tick", () => {
  test.each([
    ["64000.1", "0.10", "64,000.1"],
    ["0.00001234", "0.00000001", "0.00001234"],
    ["5", "0.001", "5.000"],
    ["1234.5", "10", "1,235"],
    ["2.50", null, "2.5"],
    [null, "0.1", "–"],
  ])("%s at tick %s", (value, tick, shown) => expect(price(value, tick)).toBe(shown));

  test("a tick's places, in any spelling", () => {
    expect(["0.0100", "1", "1E-8", "0.5"].map(places)).toEqual([2, 0, 8, 1]);
  });
});

test("money has no negative zero, and a sign that is a minus", () => {
  expect(money("-0.001")).toBe("0.00");
  expect(signed("-1234.5")).toBe("−1,234.50");
  expect(signed(0.004)).toBe("0.00");
  expect(signed("3")).toBe("+3.00");
});

test("a decimal is rounded as the decimal that it is", () => {
  expect(["1.005", "0.125", "-0.125", "1234567890123456.785"].map((each) => signed(each))).toEqual([
    "+1.01",
    "+0.13",
    "−0.13",
    "+1,234,567,890,123,456.79",
  ]);
  expect(price("0.00001235", "0.0000001")).toBe("0.0000124");
});

test("a spread narrower than its decimals is not none", () => {
  expect([0.02, 0.0001, 0, null].map(spreadText)).toEqual(["0.020\u2009%", "<0.001\u2009%", "0.000\u2009%", "–"]);
});

test("durations have two units at most", () => {
  expect([45, 200, 7500, 358_000, -3, null].map(duration)).toEqual(["45s", "3m 20s", "2h 05m", "4d 3h", "0s", "–"]);
});

test("a number is taken as it is typed, or pasted as this screen writes it", () => {
  const typed: Record<string, string> = {
    "0,5": "0.5",
    "65,432": "65432",
    " 1,065,432.10 ": "1065432.10",
    "65,4321": "65.4321",
    ".5": "0.5",
    "1.2.3": "1.23",
    "1.": "1.",
    "12 USDT": "12",
    "": "",
  };
  expect(Object.keys(typed).map(typedNumber)).toEqual(Object.values(typed));
});

test("several numbers stand apart by spaces, whatever their decimals are spelled with", () => {
  const typed = {
    "70,5 72": "70.5 72",
    "70, 72": "70 72",
    "70.5; 72": "70.5 72",
    "65,432.10  66,000": "65432.10 66000",
    "70 ": "70 ",
    "70,": "70.",
  };
  expect(Object.keys(typed).map(typedNumbers)).toEqual(Object.values(typed));
});
