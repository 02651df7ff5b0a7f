/** The account at a glance: equity, today, what is open, what just happened, and the fleet in one line. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "react-router";
import { ExitReason, Side, Time, TradeLink } from "@/components/trade/labels";
import { LivePercent, LiveProfit, Reach } from "@/components/trade/live";
import { Card, Stat, tone } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { age, count, money, percent, signed } from "@/lib/format";
import { accounts, system } from "@/lib/queries/market";
import { history, liveTrades } from "@/lib/queries/trades";
import { prices, usePriceVersion } from "@/lib/stream/prices";
import { pairOf, unrealized } from "@/lib/trades";

const SHOWN = 12;
const RECENT = 100;
const NO_FILTER = {};

export function OverviewPage() {
  return (
    <div className="page">
      <header className="page-head">
        <h1>Overview</h1>
        <FleetLine />
      </header>
      <Figures />
      <div className="grid cols-wide">
        <Movers />
        <JustHappened />
      </div>
    </div>
  );
}

function FleetLine() {
  const { data } = useQuery(system);
  if (!data) return null;
  const lag = data.lag_seconds ?? 0;
  const isWell = lag < 180 && !data.late_batches;
  return (
    <Link to="/system" className="link end" style={{ marginLeft: "auto" }}>
      <i style={{ background: isWell ? "var(--up)" : "var(--warn)" }} />
      <span className="num">
        {count(data.pairs)} pairs followed, lag {age(data.lag_seconds)}, cycle {age(data.cycle_seconds)}
      </span>
    </Link>
  );
}

function useRecent(): Trade[] | undefined {
  const { data } = useInfiniteQuery(history(NO_FILTER, RECENT));
  return data?.pages[0]?.results;
}

function Figures() {
  const { data } = useQuery(accounts);
  const live = useQuery(liveTrades).data?.trades;
  const version = usePriceVersion();
  const recent = useRecent();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the board is the same object with newer quotes
  const open = useMemo(
    () => live?.reduce((sum, trade) => sum + (unrealized(trade, prices.get(pairOf(trade))) ?? 0), 0) ?? null,
    [live, version],
  );
  const today = useMemo(() => {
    const midnight = new Date().setHours(0, 0, 0, 0);
    const closed = recent?.filter((trade) => trade.exit_time && Date.parse(trade.exit_time) >= midnight);
    return (
      closed && { count: closed.length, profit: closed.reduce((sum, trade) => sum + Number(trade.profit_loss), 0) }
    );
  }, [recent]);
  const balance = data?.reduce((sum, account) => sum + Number(account.balance), 0);
  const reserved = data?.reduce((sum, account) => sum + Number(account.reserved), 0);
  const openCount = live?.filter((trade) => trade.status === "OPEN").length;
  return (
    <div className="stats">
      <Stat
        label="Equity"
        explain="Balance and what closing every open trade now would bring, both fees included."
        value={balance === undefined ? "–" : money(balance + (open ?? 0))}
        note="USDT"
      />
      <Stat label="Balance" value={money(balance)} note={`${money(reserved)} reserved`} />
      <Stat label="Open result" value={signed(open)} tone={tone(open)} note={`${count(openCount)} open`} />
      <Stat
        label="Today"
        value={signed(today?.profit)}
        tone={tone(today?.profit)}
        note={`${count(today?.count)} closed`}
      />
      <Stat
        label="In use"
        explain="Share of the balance that live trades hold back as margin."
        value={balance ? percent((100 * (reserved ?? 0)) / balance, 1) : "–"}
        note="of the balance"
      />
    </div>
  );
}

/** The open trades with the largest results, either way: taken once a list changes, so that rows keep their place. */
function Movers() {
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

function JustHappened() {
  const asked = useInfiniteQuery(history(NO_FILTER, RECENT));
  const closed = useMemo(() => {
    const time = (trade: Trade) => Date.parse(trade.updated_at);
    return asked.data && [...(asked.data.pages[0]?.results ?? [])].sort((a, b) => time(b) - time(a)).slice(0, SHOWN);
  }, [asked.data]);
  return (
    <Card title="Just closed" bare end={<Link to="/history">History</Link>}>
      <Answer of={{ ...asked, data: closed }}>
        {(trades) =>
          trades.length ? (
            <ul className="rows">
              {trades.map((trade) => (
                <li key={trade.id}>
                  <span style={{ flex: 1 }} className="truncate">
                    <TradeLink trade={trade} />
                  </span>
                  <ExitReason trade={trade} />
                  <span className={`num right strong ${tone(trade.profit_loss)}`} style={{ width: 84 }}>
                    {signed(trade.profit_loss)}
                  </span>
                  <span className="dim small right" style={{ width: 68 }}>
                    <Time at={trade.updated_at} />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <Empty icon="history" title="Nothing has closed yet" />
          )
        }
      </Answer>
    </Card>
  );
}
