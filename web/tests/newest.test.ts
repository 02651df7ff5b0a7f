import { expect, test } from "vitest";
import type { Trade } from "@/lib/api/types";
import { queryClient } from "@/lib/queries/client";
import { applyTrades, history } from "@/lib/queries/trades";

const trade = (id: number) =>
  ({ id, version: 1, status: "CLOSED_TP", created_at: new Date(id * 1000).toISOString() }) as Trade;
const list = history({}, 2);
const isOutdated = () => queryClient.getQueryState(list.queryKey)?.isInvalidated;

test("a list of the newest that events have made twice as long is read anew", () => {
  queryClient.setQueryData(list.queryKey, {
    pages: [{ results: [trade(2), trade(1)], next: "after 1" }],
    pageParams: [null],
  });
  applyTrades([trade(3), trade(4)]);
  expect(isOutdated()).toBe(false);
  applyTrades([trade(5)]);
  expect(isOutdated()).toBe(true);
});
