/** What closing every open trade now would bring, after both fees: the sum that all pages show. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { liveTrades } from "./queries/trades";
import { prices, usePriceVersion } from "./stream/prices";
import { pairOf, unrealized } from "./trades";

/** In USDT, of one account or of all; null until the trades are known. */
export function useOpenProfit(account?: number): number | null {
  const trades = useQuery(liveTrades).data?.trades;
  const version = usePriceVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same object with newer quotes
  return useMemo(() => {
    if (!trades) return null;
    let sum = 0;
    for (const trade of trades) {
      if (account !== undefined && trade.account_id !== account) continue;
      sum += unrealized(trade, prices.get(pairOf(trade))) ?? 0;
    }
    return sum;
  }, [trades, version, account]);
}
