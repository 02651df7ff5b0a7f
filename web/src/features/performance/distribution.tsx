/** How often trades came to which multiple of their risk: closed trades, the newest of the span. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { Card } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { exchangeTime } from "@/lib/exchange-clock";
import { count } from "@/lib/format";
import type { PerformanceScope } from "@/lib/queries/performance";
import { type HistoryFilter, history } from "@/lib/queries/trades";
import { multiple } from "@/lib/trades";

const TRADES_MAX = 2000;
const STEP = 0.5;
const FROM = -3;
const TO = 5;
const CLOSED = "CLOSED_TP,CLOSED_SL,CLOSED_MANUAL,CLOSED_LIQUIDATED,CLOSED_EXPIRED";

export function Distribution({ scope }: { scope: PerformanceScope }) {
  const filter = useMemo((): HistoryFilter => {
    const { market_type, direction, source } = scope;
    return { status: CLOSED, market_type, direction, source };
  }, [scope]);
  const asked = useInfiniteQuery(history(filter));
  const trades = useMemo(() => asked.data?.pages.flatMap((page) => page.results), [asked.data]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = asked;
  const loaded = trades?.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isError && loaded < TRADES_MAX) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, loaded, fetchNextPage]);
  const { bins, used } = useMemo(() => binned(trades ?? [], scope.days), [trades, scope.days]);
  const most = Math.max(1, ...bins);
  const told = hasNextPage && loaded >= TRADES_MAX ? `of the newest ${count(loaded)} trades` : `${count(used)} trades`;
  return (
    <Card title="Results in R" end={<span className="dim small num">{told}</span>}>
      <Answer of={{ ...asked, data: trades }}>
        {() =>
          used ? (
            <>
              <div className="bars" role="img" aria-label={`Distribution of ${used} results in multiples of risk`}>
                {bins.map((number, place) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a bin is known by its place
                  <div key={place} title={`${label(place)}: ${count(number)} trades`}>
                    <i className={middle(place) < 0 ? "down" : "up"} style={{ height: `${(100 * number) / most}%` }} />
                  </div>
                ))}
              </div>
              <div className="bars-axis num">
                <span>below {FROM + STEP} R</span>
                <span>0</span>
                <span>above {TO - STEP} R</span>
              </div>
            </>
          ) : (
            <Empty icon="performance" title="No results yet" />
          )
        }
      </Answer>
    </Card>
  );
}

function binned(trades: readonly Trade[], days: number | undefined): { bins: number[]; used: number } {
  const since = days ? exchangeTime() - days * 86_400_000 : 0;
  const bins = new Array<number>((TO - FROM) / STEP).fill(0);
  let used = 0;
  for (const trade of trades) {
    const r = multiple(trade);
    if (r === null || !trade.exit_time || Date.parse(trade.exit_time) < since) continue;
    const place = Math.min(bins.length - 1, Math.max(0, Math.floor((r - FROM) / STEP)));
    bins[place] = (bins[place] ?? 0) + 1;
    used += 1;
  }
  return { bins, used };
}

const middle = (place: number) => FROM + (place + 0.5) * STEP;
const label = (place: number) => `${FROM + place * STEP} to ${FROM + (place + 1) * STEP} R`;
