/** One pair: its candles with the reader's own trades on them, its quote, its grid. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { CandleChart } from "@/components/chart";
import type { Level, Mark } from "@/components/chart/types";
import { PairName, Side, Status, Time } from "@/components/trade/labels";
import { LiveProfit } from "@/components/trade/live";
import { OrderForm } from "@/components/trade/order-form";
import { Button } from "@/components/ui/button";
import { Card, Stat, tone } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { Answer, Empty, Loading, together } from "@/components/ui/states";
import type { Market, Trade } from "@/lib/api/types";
import { figure, money, price, signed, spreadText } from "@/lib/format";
import { candles, INTERVALS, type Interval } from "@/lib/queries/candles";
import { instruments } from "@/lib/queries/market";
import { history, liveTrades } from "@/lib/queries/trades";
import { useQuote } from "@/lib/stream/prices";
import { useFollowed } from "@/lib/stream/source";
import { isLive, pairOf } from "@/lib/trades";
import { useSearch } from "@/lib/use-search";

const DEFAULTS = { interval: "15m" };
const CLOSED_SHOWN = 50;

export function PairPage() {
  const { market: place = "", symbol = "" } = useParams();
  const market: Market = place === "SPOT" ? "SPOT" : "FUTURES";
  const pair = `${market}:${symbol}`;
  const [search, change] = useSearch(DEFAULTS);
  const interval = INTERVALS.find((each) => each === search.interval) ?? "15m";
  const [ordering, order] = useState(false);
  useFollowed(useMemo(() => [pair], [pair]));
  const quote = useQuote(pair);
  const instrument = useQuery(instruments).data?.find((each) => pairOf(each) === pair);
  const tick = instrument?.tick_size ?? null;
  const asked = useQuery(candles(market, symbol, interval));
  const [drawn, draw] = useState<number | null>(null);
  const own = useOwnTrades(market, symbol, drawn);
  const bars = useMemo(() => withQuote(asked.data, quote?.last), [asked.data, quote?.last]);
  const spread = quote ? (100 * (Number(quote.ask) - Number(quote.bid))) / Number(quote.last) : null;
  return (
    <div className="page">
      <header className="page-head">
        <h1>
          <PairName symbol={symbol} market={market} />
        </h1>
        {instrument && instrument.status !== "TRADING" && <span className="badge badge-warn">{instrument.status}</span>}
        <div className="end">
          <Button kind="primary" icon="plus" onClick={() => order(true)} disabled={instrument?.status !== "TRADING"}>
            Trade this pair
          </Button>
        </div>
      </header>
      <div className="stats">
        <Stat label="Last" value={price(quote?.last, tick)} />
        <Stat label="Bid" value={price(quote?.bid, tick)} />
        <Stat label="Ask" value={price(quote?.ask, tick)} />
        <Stat label="Spread" value={spreadText(spread)} />
        <Stat label="Tick" value={figure(tick, 10)} />
        <Stat label="Step" value={figure(instrument?.step_size, 10)} />
        <Stat label="Smallest order" value={money(instrument?.min_notional)} note="USDT" />
      </div>
      <Card
        title="Price"
        bare
        end={
          <Segmented
            label="Interval"
            value={interval}
            onChange={(value: Interval) => change({ interval: value })}
            options={INTERVALS.map((value) => ({ value, text: value }))}
          />
        }
      >
        <Answer of={asked}>
          {() =>
            tick === null ? (
              <Loading />
            ) : bars.length ? (
              <CandleChart
                bars={bars}
                tick={tick}
                levels={own.levels}
                marks={own.marks}
                height={440}
                label={`Candles of ${symbol}`}
              />
            ) : (
              <Empty icon="market" title="No candles" />
            )
          }
        </Answer>
      </Card>
      <Card title="Own trades on it" bare>
        <Answer of={own.asked} rows={3}>
          {(trades) => <OwnTrades trades={trades} tick={tick} drawn={drawn} onDraw={draw} />}
        </Answer>
      </Card>
      {ordering && <OrderForm prefilled={{ market, symbol }} onClose={() => order(false)} />}
    </div>
  );
}

interface Own {
  asked: ReturnType<typeof together<Trade[]>>;
  levels: Level[];
  marks: Mark[];
}

/** Marks of all trades, levels of one live one: of all of them nothing could be read. */
function useOwnTrades(market: Market, symbol: string, drawn: number | null): Own {
  const live = useQuery(liveTrades);
  const filter = useMemo(() => ({ market_type: market, symbol }), [market, symbol]);
  const closed = useInfiniteQuery(history(filter, CLOSED_SHOWN));
  const own = useMemo(() => {
    const open = (live.data?.trades ?? []).filter((trade) => trade.market_type === market && trade.symbol === symbol);
    const trades = [...open, ...(closed.data?.pages[0]?.results ?? [])];
    const levels = open
      .filter((trade, place) => (drawn === null ? place === 0 : trade.id === drawn))
      .flatMap((trade): Level[] => [
        { price: trade.entry_price, title: `No. ${trade.id}`, tone: "accent", dashed: true, far: true },
        { price: trade.stop_loss, title: "Stop", tone: "down", dashed: true, far: true },
        ...(trade.take_profit
          ? [{ price: trade.take_profit, title: "Target", tone: "up", dashed: true, far: true } as const]
          : []),
      ]);
    const marks = trades
      .flatMap((trade): Mark[] => {
        const isLong = trade.direction === "LONG";
        const entry: Mark[] = trade.entry_time
          ? [{ at: trade.entry_time, text: isLong ? "Long" : "Short", tone: "accent", below: isLong }]
          : [];
        return [
          ...entry,
          ...trade.exits.map(
            (exit): Mark => ({
              at: exit.time,
              text: signed(exit.profit_loss),
              tone: Number(exit.profit_loss) >= 0 ? "up" : "down",
              below: !isLong,
            }),
          ),
        ];
      })
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    return { trades, levels, marks };
  }, [live.data, closed.data, market, symbol, drawn]);
  return { asked: together([live, closed], own.trades), levels: own.levels, marks: own.marks };
}

interface OwnProps {
  trades: readonly Trade[];
  tick: string | null;
  drawn: number | null;
  onDraw: (id: number) => void;
}

function OwnTrades({ trades, tick, drawn, onDraw }: OwnProps) {
  const first = trades.find(isLive)?.id;
  if (!trades.length) return <Empty icon="open" title="No trades on this pair yet" />;
  return (
    <div className="scroll-x">
      <table className="simple">
        <thead>
          <tr>
            <th>Trade</th>
            <th className="left">Side</th>
            <th className="left">State</th>
            <th>Entry</th>
            <th>Exit</th>
            <th>Result</th>
            <th>Since</th>
            <th>Levels</th>
          </tr>
        </thead>
        <tbody>
          {trades.map((trade) => (
            <tr key={trade.id}>
              <td>
                <Link to={`/trades/${trade.id}`}>No. {trade.id}</Link>
              </td>
              <td className="left">
                <Side direction={trade.direction} leverage={trade.leverage} />
              </td>
              <td className="left">
                <Status status={trade.status} />
              </td>
              <td className="num">{price(trade.entry_price, tick)}</td>
              <td className="num">{price(trade.exit_price, tick)}</td>
              <td>
                {isLive(trade) ? (
                  <LiveProfit trade={trade} />
                ) : (
                  <span className={`num ${tone(trade.profit_loss)}`}>{signed(trade.profit_loss)}</span>
                )}
              </td>
              <td>
                <Time at={trade.entry_time ?? trade.created_at} />
              </td>
              <td>
                {isLive(trade) && (
                  <input
                    type="radio"
                    className="tick"
                    name="levels"
                    aria-label={`Draw the levels of trade ${trade.id}`}
                    checked={(drawn ?? first) === trade.id}
                    onChange={() => onDraw(trade.id)}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Candle {
  open_time: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  is_closed: boolean;
}

/** The candle in progress, carried on by the last price until the next answer brings it whole. */
function withQuote(bars: readonly Candle[] | undefined, last: string | undefined): readonly Candle[] {
  const open = bars?.at(-1);
  if (!bars || !open || open.is_closed || !last) return bars ?? [];
  const high = Number(last) > Number(open.high) ? last : open.high;
  const low = Number(last) < Number(open.low) ? last : open.low;
  return [...bars.slice(0, -1), { ...open, close: last, high, low }];
}
