/** A source's figures broken down, each with its intervals. */
import { useMemo } from "react";
import { PairName } from "@/components/trade/labels";
import { Card, tone } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { Empty, Loading } from "@/components/ui/states";
import { count, ratio, signed, words } from "@/lib/format";
import type { CardBy, Scorecard } from "@/lib/queries/signals";
import { Expectancy, WinRate } from "./measures";
import { FEW, scaleOf } from "./row";

const BY: readonly { value: CardBy; text: string }[] = [
  { value: "symbol", text: "Pair" },
  { value: "strategy", text: "Strategy" },
  { value: "direction", text: "Direction" },
  { value: "timeframe", text: "Timeframe" },
];
const SHOWN = 40;
/** Lines of fewer trades have intervals so wide that next to them nothing else could be seen. */
const SCALED = 5;

interface Props {
  of: Scorecard | undefined;
  by: CardBy;
  onBy: (by: CardBy) => void;
}

export function Groups({ of, by, onBy }: Props) {
  const lines = useMemo(
    () => [...(of?.groups ?? [])].sort((a, b) => b.total_trades - a.total_trades).slice(0, SHOWN),
    [of],
  );
  const scale = useMemo(() => scaleOf(lines.filter((line) => line.total_trades >= SCALED)), [lines]);
  return (
    <Card title="Where it came from" bare end={<Segmented label="By" value={by} onChange={onBy} options={BY} />}>
      {!of ? (
        <Loading />
      ) : lines.length ? (
        <div className="scroll-x">
          <table className="simple">
            <thead>
              <tr>
                <th>{BY.find(({ value }) => value === by)?.text}</th>
                <th>Trades</th>
                <th>Result</th>
                <th>Win rate</th>
                <th>Expectancy</th>
                <th>Factor</th>
                <th>Average R</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.key}>
                  <td>
                    <Key of={line.key} by={by} />
                  </td>
                  <td className="num">
                    <span className={line.total_trades < FEW ? "dim" : ""}>{count(line.total_trades)}</span>
                  </td>
                  <td className={`num strong ${tone(line.total_profit_loss)}`}>{signed(line.total_profit_loss)}</td>
                  <td className="band-cell">
                    <WinRate of={line} />
                  </td>
                  <td className="band-cell">
                    <Expectancy of={line} scale={scale} />
                  </td>
                  <td className="num">{ratio(line.profit_factor)}</td>
                  <td className="num">{signed(line.average_r_multiple)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Empty icon="sources" title="Nothing has closed yet" />
      )}
    </Card>
  );
}

function Key({ of, by }: { of: string; by: CardBy }) {
  if (by !== "symbol") return words(of);
  const [market, symbol] = of.includes(":") ? of.split(":") : ["", of];
  return <PairName symbol={symbol ?? of} market={market ?? ""} />;
}
