/** One trade, whole: chart, figures, exits with what proved them, how its plan moved, notes. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { TradeActions } from "@/components/trade/actions";
import { PairName, Side, Status } from "@/components/trade/labels";
import { LivePercent, LiveProfit, Reach } from "@/components/trade/live";
import { Card, Stat, tone } from "@/components/ui/card";
import { Answer } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { useExchangeNow } from "@/lib/exchange-clock";
import { DASH, duration, figure, money, percent, price, ratio, signed, signedPercent } from "@/lib/format";
import { trade as tradeQuery } from "@/lib/queries/trades";
import { useQuote } from "@/lib/stream/prices";
import { heldSeconds, isLive, multiple, pairOf, unrealized } from "@/lib/trades";
import { Chart } from "./chart";
import { Exits } from "./exits";
import { Facts } from "./facts";
import { Notes } from "./notes";
import { Timeline } from "./timeline";

export function TradePage() {
  const id = Number(useParams().id);
  const asked = useQuery(tradeQuery(id));
  return (
    <div className="page">
      <Answer of={asked}>{(trade) => <Whole trade={trade} />}</Answer>
    </div>
  );
}

function Whole({ trade }: { trade: Trade }) {
  const live = isLive(trade);
  return (
    <>
      <header className="page-head">
        <h1>
          <PairName symbol={trade.symbol} market={trade.market_type} />
        </h1>
        <Side direction={trade.direction} leverage={trade.leverage} />
        <Status status={trade.status} />
        {trade.ambiguous && (
          <span className="badge badge-warn" title="No finer data was to be had: the adverse order was assumed">
            Ambiguous
          </span>
        )}
        {trade.held_from && <span className="badge badge-warn">Waits for finer data</span>}
        <span className="dim num">No. {trade.id}</span>
        {live && (
          <div className="end">
            <TradeActions trade={trade} buttons />
          </div>
        )}
      </header>
      <Figures trade={trade} />
      {live && (
        <Card>
          <Reach trade={trade} ends />
        </Card>
      )}
      <Chart trade={trade} />
      <div className="grid cols-wide">
        <div className="grid" style={{ alignContent: "start" }}>
          <Exits trade={trade} />
          <Timeline trade={trade} />
        </div>
        <div className="grid" style={{ alignContent: "start" }}>
          <Facts trade={trade} />
          <Notes trade={trade} key={trade.id} />
        </div>
      </div>
    </>
  );
}

function Figures({ trade }: { trade: Trade }) {
  const now = useExchangeNow();
  const tick = trade.symbol_detail.tick_size;
  const isOpen = trade.status === "OPEN";
  const profit = unrealized(trade, useQuote(pairOf(trade)));
  const r = multiple(isOpen && profit !== null ? { ...trade, profit_loss: String(profit) } : trade);
  return (
    <div className="stats">
      <Stat
        label={isOpen ? "Result now" : "Result"}
        value={isOpen ? <LiveProfit trade={trade} /> : signed(trade.profit_loss)}
        note={isOpen ? <LivePercent trade={trade} /> : signedPercent(trade.profit_loss_percentage)}
        tone={isOpen ? "" : tone(trade.profit_loss)}
      />
      <Stat label="R" value={r === null ? DASH : signed(r)} tone={tone(r)} note="of the first stop" />
      <Stat
        label="Entry"
        value={price(trade.entry_price, tick)}
        note={trade.entry_role ?? trade.entry_type.toLowerCase()}
      />
      <Stat label="Exit" value={price(trade.exit_price, tick)} note={trade.exit_role ?? DASH} />
      <Stat
        label="Quantity"
        value={figure(trade.quantity, 8)}
        note={`${money(Number(trade.quantity) * Number(trade.entry_price))} USDT`}
      />
      <Stat label="Margin" value={money(trade.margin)} note={`${trade.leverage}×`} />
      <Stat label="Fees" value={money(trade.fees, 4)} note={`funding ${money(trade.funding, 4)}`} />
      <Stat
        label="Held"
        value={duration(heldSeconds(trade, now))}
        note={trade.risk_reward_ratio ? `planned R:R ${ratio(trade.risk_reward_ratio)}` : percent(null)}
      />
    </div>
  );
}
