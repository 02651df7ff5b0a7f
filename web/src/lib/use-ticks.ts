/** The price grid of pairs that are known by name alone. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Market } from "./api/types";
import { instruments } from "./queries/market";
import { pairOf } from "./trades";

interface Named {
  symbol: string | null;
  market_type: Market | null;
}

export type TickOf = (pair: Named) => string | undefined;

/** Undefined for what is not listed, and until the list is known. */
export function useTicks(): TickOf {
  const listed = useQuery(instruments).data;
  const ticks = useMemo(() => new Map(listed?.map((each) => [pairOf(each), each.tick_size])), [listed]);
  return useCallback(
    ({ symbol, market_type }) => (symbol && market_type ? ticks.get(pairOf({ symbol, market_type })) : undefined),
    [ticks],
  );
}
