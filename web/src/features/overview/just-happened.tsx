/** The list of what just happened. */
import { Link } from "react-router";
import { ExitReason, Time, TradeLink } from "@/components/trade/labels";
import { Card, tone } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import { price, signed } from "@/lib/format";
import { type Happening, useHappenings } from "./happenings";

const SHOWN = 14;

export function JustHappened() {
  const asked = useHappenings(SHOWN);
  return (
    <Card title="What just happened" bare end={<Link to="/history">History</Link>}>
      <Answer of={asked}>
        {(happenings) =>
          happenings.length ? (
            <ul className="rows">
              {happenings.map((each) => (
                <li key={each.key}>
                  <span className="dim small happened-at">
                    <Time at={each.at} />
                  </span>
                  <span className="happened-pair truncate">
                    <TradeLink trade={each.trade} />
                  </span>
                  <span className="happened-what truncate">
                    <What of={each} />
                  </span>
                  <Figure of={each} />
                </li>
              ))}
            </ul>
          ) : (
            <Empty icon="history" title="Nothing has happened yet" />
          )
        }
      </Answer>
    </Card>
  );
}

function What({ of: { what, trade } }: { of: Happening }) {
  if (what === "closed") return <ExitReason trade={trade} />;
  if (what === "part") return <span className="badge">Part closed</span>;
  if (what === "moved") return <span className="badge">Stop moved</span>;
  if (what === "placed") return <span className="badge badge-warn">Order placed</span>;
  return <span className="badge badge-accent">{trade.direction === "LONG" ? "Long" : "Short"} opened</span>;
}

function Figure({ of: { what, trade, profit } }: { of: Happening }) {
  if (profit !== null)
    return <span className={`num right strong happened-figure ${tone(profit)}`}>{signed(profit)}</span>;
  const level = what === "moved" ? trade.stop_loss : trade.entry_price;
  return <span className="num right soft happened-figure">{price(level, trade.symbol_detail.tick_size)}</span>;
}
