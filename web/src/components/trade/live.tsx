/** The cells of an open trade that follow the market. Each renders alone, when its own pair's quote changes. */
import { tone } from "@/components/ui/card";
import type { Trade } from "@/lib/api/types";
import { useExchangeNow } from "@/lib/exchange-clock";
import { DASH, duration, price, signed, signedPercent } from "@/lib/format";
import { useQuote } from "@/lib/stream/prices";
import { distance, exitQuote, heldSeconds, pairOf, progress, unrealized, unrealizedPercent } from "@/lib/trades";

export function LivePrice({ trade }: { trade: Trade }) {
  const quote = useQuote(pairOf(trade));
  return <span className="num">{price(quote?.last ?? trade.current_price, trade.symbol_detail.tick_size)}</span>;
}

export function LiveProfit({ trade, large }: { trade: Trade; large?: boolean }) {
  const profit = unrealized(trade, useQuote(pairOf(trade)));
  const text = profit === null ? DASH : signed(profit);
  return large ? (
    <strong className={`num ${tone(profit)}`}>{text}</strong>
  ) : (
    <span className={`num ${tone(profit)}`}>{text}</span>
  );
}

export function LivePercent({ trade }: { trade: Trade }) {
  const percent = unrealizedPercent(trade, unrealized(trade, useQuote(pairOf(trade))));
  return <span className={`num ${tone(percent)}`}>{percent === null ? DASH : signedPercent(percent)}</span>;
}

export function Held({ trade }: { trade: Trade }) {
  const now = useExchangeNow();
  return <span className="num">{duration(heldSeconds(trade, now))}</span>;
}

/** Where the price stands between stop (left) and last target (right), and where it came from. */
export function Reach({ trade, ends }: { trade: Trade; ends?: boolean }) {
  const quote = useQuote(pairOf(trade));
  const at = exitQuote(trade, quote) ?? (trade.current_price == null ? null : Number(trade.current_price));
  const places = progress(trade, at);
  const tick = trade.symbol_detail.tick_size;
  const last = trade.take_profits.at(-1)?.price ?? null;
  const [toStop, toTarget] = [distance(trade, at, trade.stop_loss, "stop"), distance(trade, at, last, "target")];
  const spoken = `Stop ${price(trade.stop_loss, tick)}, ${signedPercent(toStop, 1)} away; target ${price(last, tick)}, ${signedPercent(toTarget, 1)} away`;
  return (
    <div>
      <div className="reach" role="img" aria-label={spoken} title={spoken}>
        {places?.now != null && trade.status === "OPEN" && (
          <>
            <i
              className={`reach-move ${places.now >= places.entry ? "up" : "down"}`}
              style={{
                left: `${100 * Math.min(places.entry, places.now)}%`,
                width: `${100 * Math.abs(places.now - places.entry)}%`,
              }}
            />
            <i className="reach-entry" style={{ left: `${100 * places.entry}%` }} />
            <i className="reach-now" style={{ left: `${100 * places.now}%` }} />
          </>
        )}
        {places && trade.status === "PENDING" && (
          <i className="reach-entry" style={{ left: `${100 * places.entry}%` }} />
        )}
      </div>
      {ends && (
        <div className="reach-ends num">
          <span className="down">{price(trade.stop_loss, tick)}</span>
          <span>{price(trade.entry_price, tick)}</span>
          <span className="up">{price(last, tick)}</span>
        </div>
      )}
    </div>
  );
}

/** How far to stop and to target, in percent of the price. */
export function Distances({ trade }: { trade: Trade }) {
  const quote = useQuote(pairOf(trade));
  const at = exitQuote(trade, quote) ?? (trade.current_price == null ? null : Number(trade.current_price));
  const toStop = distance(trade, at, trade.stop_loss, "stop");
  return (
    <span className="num">
      <span className="down">{signedPercent(toStop === null ? null : -toStop, 1)}</span>
      <span className="dim"> / </span>
      <span className="up">{signedPercent(distance(trade, at, trade.take_profit, "target"), 1)}</span>
    </span>
  );
}
