/** The plan and its rules, as far as they are set. */
import { Fragment, type ReactNode } from "react";
import { Link } from "react-router";
import { Time } from "@/components/trade/labels";
import { Card } from "@/components/ui/card";
import type { Trade } from "@/lib/api/types";
import { percent, price, words } from "@/lib/format";

export function Facts({ trade }: { trade: Trade }) {
  return (
    <Card title="Plan">
      <dl className="facts">
        {facts(trade).map(([term, value]) => (
          <Fragment key={term}>
            <dt>{term}</dt>
            <dd className="num">{value}</dd>
          </Fragment>
        ))}
      </dl>
    </Card>
  );
}

type Fact = [string, ReactNode];

const when = (is: unknown, term: string, value: () => ReactNode): Fact[] => (is ? [[term, value()]] : []);

function facts(trade: Trade): Fact[] {
  const tick = trade.symbol_detail.tick_size;
  const { rules } = trade;
  return [
    ["Stop", price(trade.stop_loss, tick)],
    ...when(trade.initial_stop_loss !== trade.stop_loss, "First stop", () => price(trade.initial_stop_loss, tick)),
    ...when(trade.stop_reason !== "stop_loss", "Stop put there by", () => words(trade.stop_reason)),
    ...trade.take_profits.map((target, place): Fact => {
      const share = percent(Number(target.fraction) * 100, 0);
      const term = trade.take_profits.length > 1 ? `Target ${place + 1}, ${share}` : "Target";
      const text = `${price(target.price, tick)}${target.filled ? " filled" : ""}`;
      return [
        term,
        target.filled ? (
          <span key={term} className="up">
            {text}
          </span>
        ) : (
          text
        ),
      ];
    }),
    ...when(trade.liquidation_price, "Liquidation", () => price(trade.liquidation_price, tick)),
    ...when(rules.break_even_after, "To the entry after", () => `target ${rules.break_even_after}`),
    ...when(rules.follow_targets, "Stop follows", () => "the targets"),
    ...when(rules.trailing, "Trailing", () =>
      rules.trailing?.percent ? percent(rules.trailing.percent) : price(rules.trailing?.distance, tick),
    ),
    ...when(rules.time_stop, "Time stop", () => String(rules.time_stop)),
    ...when(rules.entry_expires_at, "Entry until", () => <Time at={rules.entry_expires_at} />),
    ["Fill model", words(trade.fill_model)],
    [
      "Source",
      <Link key="source" to={`/history?source=${encodeURIComponent(trade.source)}`}>
        {trade.source}
      </Link>,
    ],
    ["Made", <Time key="made" at={trade.created_at} />],
  ];
}
