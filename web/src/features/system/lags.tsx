/** The pairs furthest behind, each with its reason. */
import { useQuery } from "@tanstack/react-query";
import { Time } from "@/components/trade/labels";
import { Card } from "@/components/ui/card";
import { Answer } from "@/components/ui/states";
import { age, count, words } from "@/lib/format";
import { lags } from "@/lib/queries/operations";

const FINE = "in_time";

export function Lags() {
  const asked = useQuery(lags);
  return (
    <Card title="Furthest behind" bare>
      <Answer of={asked} rows={4}>
        {(pairs) => (
          <div className="scroll-x">
            <table className="simple">
              <thead>
                <tr>
                  <th>Pair</th>
                  <th>Judged to</th>
                  <th>Behind</th>
                  <th>Live trades</th>
                  <th className="left">Reason</th>
                </tr>
              </thead>
              <tbody>
                {pairs.map((each) => (
                  <tr key={`${each.market_type}${each.symbol}`}>
                    <td>
                      {each.symbol.replace(/USDT$/, "")}{" "}
                      <small className="dim">{each.market_type === "FUTURES" ? "PERP" : "SPOT"}</small>
                    </td>
                    <td>
                      <Time at={each.judged_to} />
                    </td>
                    <td className="num">{age(each.seconds)}</td>
                    <td className="num">{count(each.live_trades)}</td>
                    <td className="left" title={each.text}>
                      <span className={each.reason === FINE ? "dim" : "warn"}>{words(each.reason)}</span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answer>
    </Card>
  );
}
