/** Open trades as cards, as many as have been scrolled to. */
import { memo, useEffect, useRef, useState } from "react";
import { TradeActions } from "@/components/trade/actions";
import { Side, Status, TradeLink } from "@/components/trade/labels";
import { Distances, Held, LivePercent, LivePrice, LiveProfit, Reach } from "@/components/trade/live";
import type { Trade } from "@/lib/api/types";

const STEP = 40;

export function TradeCards({ trades }: { trades: readonly Trade[] }) {
  const [shown, setShown] = useState(STEP);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && setShown((known) => Math.min(known + STEP, trades.length)),
      { rootMargin: "600px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [trades.length]);
  return (
    <>
      <div className="trade-cards">
        {trades.slice(0, shown).map((trade) => (
          <TradeCard key={trade.id} trade={trade} />
        ))}
      </div>
      {shown < trades.length && <div ref={end} key={shown} style={{ height: 1 }} />}
    </>
  );
}

const TradeCard = memo(function TradeCard({ trade }: { trade: Trade }) {
  return (
    <article className="card trade-card" aria-label={`${trade.symbol} ${trade.direction.toLowerCase()}`}>
      <header className="trade-card-head">
        <TradeLink trade={trade} />
        <Side direction={trade.direction} leverage={trade.leverage} />
        {trade.status === "PENDING" && <Status status={trade.status} />}
        <span className="end">
          <TradeActions trade={trade} />
        </span>
      </header>
      <div className="trade-card-profit">
        <LiveProfit trade={trade} large />
        <LivePercent trade={trade} />
      </div>
      <Reach trade={trade} ends />
      <footer className="trade-card-foot">
        <span>
          Now <LivePrice trade={trade} />
        </span>
        <Distances trade={trade} />
        <Held trade={trade} />
      </footer>
    </article>
  );
});
