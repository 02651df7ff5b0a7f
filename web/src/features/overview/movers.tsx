/** The open trades with the largest results, either way: taken once a list changes, so that rows keep their place. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "react-router";
import { Side, TradeLink } from "@/components/trade/labels";
import { LivePercent, LiveProfit, Reach } from "@/components/trade/live";
import { Card } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { liveTrades } from "@/lib/queries/trades";
import { prices } from "@/lib/stream/prices";
import { pairOf, unrealized } from "@/lib/trades";

const SHOWN = 14;

export function Movers() {
  const asked = useQuery(liveTrades);
  const trades = useMemo(() => {
    const open = (asked.data?.trades ?? []).filter((trade) => trade.status === "OPEN");
    const size = (trade: Trade) => Math.abs(unrealized(trade, prices.get(pairOf(trade))) ?? 0);
    return open.sort((a, b) => size(b) - size(a)).slice(0, SHOWN);
  }, [asked.data]);
  return (
    <Card title="Open, the furthest moved" bare end={<Link to="/open">All open trades</Link>}>
      <Answer of={asked}>
        {() =>
          trades.length ? (
            <ul className="rows">
              {trades.map((trade) => (
                <li key={trade.id}>
                  <span className="mover-pair truncate">
                    <TradeLink trade={trade} />
                  </span>
                  <span className="mover-side">
                    <Side direction={trade.direction} leverage={trade.leverage} />
                  </span>
                  <span className="mover-reach">
                    <Reach trade={trade} />
                  </span>
                  <span className="mover-profit right strong">
                    <LiveProfit trade={trade} />
                  </span>
                  <span className="mover-percent right">
                    <LivePercent trade={trade} />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <Empty icon="open" title="No open trades">
              Press n to open one.
            </Empty>
          )
        }
      </Answer>
    </Card>
  );
}
