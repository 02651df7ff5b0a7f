/** The parts in which a trade's quantity left, each with the data that decided it. */
import { Time } from "@/components/trade/labels";
import { Card, tone } from "@/components/ui/card";
import { Empty } from "@/components/ui/states";
import { Explained } from "@/components/ui/tooltip";
import type { Evidence, Trade } from "@/lib/api/types";
import { figure, money, percent, price, signed, words } from "@/lib/format";

const DECIDED: Partial<Record<Evidence["decided_by"], string>> = {
  quote: "Bid and ask at that moment.",
  open: "The minute opened beyond the level.",
  bar: "The minute's bar alone: no other order of its prices is possible.",
  minutes: "The minutes inside a longer bar.",
  seconds: "Candles of one second inside the minute.",
  prints: "The single trades inside the minute.",
  mark: "The minute of the mark price.",
  settlement: "The contract settled: the last mark price before its end.",
  operator: "The pair was taken off the exchange: an operator said what it was worth.",
  last_price: "The pair was taken off the exchange: the last price that is known.",
  adverse: "Nothing finer is to be had: the adverse order was assumed.",
};

export function Exits({ trade }: { trade: Trade }) {
  const tick = trade.symbol_detail.tick_size;
  return (
    <Card title="Entry and exits" bare>
      {trade.entry_time ? (
        <div className="scroll-x">
          <table className="simple">
            <thead>
              <tr>
                <th>What</th>
                <th>At</th>
                <th>Price</th>
                <th>Quantity</th>
                <th>Fee</th>
                <th>Funding</th>
                <th>Result</th>
                <th className="left">Decided by</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <td>Entry</td>
                <td>
                  <Time at={trade.entry_time} />
                </td>
                <td className="num">{price(trade.entry_price, tick)}</td>
                <td className="num">{figure(trade.quantity, 8)}</td>
                <td className="num">{money(trade.entry_fee, 4)}</td>
                <td />
                <td />
                <td className="left">
                  <Proof evidence={trade.entry_evidence} tick={tick} />
                </td>
              </tr>
              {trade.exits.map((exit) => (
                <tr key={exit.part}>
                  <td>{words(exit.reason)}</td>
                  <td>
                    <Time at={exit.time} />
                  </td>
                  <td className="num">{price(exit.price, tick)}</td>
                  <td className="num">{figure(exit.quantity, 8)}</td>
                  <td className="num">{money(exit.fee, 4)}</td>
                  <td className="num">{money(exit.funding, 4)}</td>
                  <td className={`num ${tone(exit.profit_loss)}`}>{signed(exit.profit_loss)}</td>
                  <td className="left">
                    <Proof evidence={exit.evidence} tick={tick} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Empty icon="open" title="Not entered yet">
          It waits for {price(trade.entry_price, tick)}.
        </Empty>
      )}
    </Card>
  );
}

function Proof({ evidence, tick }: { evidence: Evidence | null | undefined; tick: string }) {
  if (!evidence) return null;
  const { bar, bid, ask, slippage } = evidence;
  return (
    <Explained term={words(evidence.decided_by)}>
      <p>{DECIDED[evidence.decided_by] ?? words(evidence.decided_by)}</p>
      {bar && <Prices bar={bar} tick={tick} />}
      {bid && ask && (
        <p className="num">
          Bid {price(bid, tick)}, ask {price(ask, tick)}
        </p>
      )}
      {slippage && Number(slippage) > 0 && (
        <p className="num">Slippage {percent(100 * Number(slippage), 3)} of the price</p>
      )}
    </Explained>
  );
}

function Prices({ bar: [start, , open, high, low, close], tick }: { bar: NonNullable<Evidence["bar"]>; tick: string }) {
  return (
    <p className="num">
      <Time at={start} />: open {price(open, tick)}, high {price(high, tick)}, low {price(low, tick)}, close{" "}
      {price(close, tick)}
    </p>
  );
}
