/** Chosen sources side by side: their curves on one chart, their figures in one table. */
import { useQueries } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { Link } from "react-router";
import { CurvesChart } from "@/components/chart";
import type { Curve, Tone } from "@/components/chart/types";
import { Button } from "@/components/ui/button";
import { Card, tone } from "@/components/ui/card";
import { Answer, together } from "@/components/ui/states";
import { Explained } from "@/components/ui/tooltip";
import { count, DASH, duration, percent, ratio, signed } from "@/lib/format";
import { type Scorecard, type Source, scorecard } from "@/lib/queries/signals";
import { Expectancy, WinRate } from "./measures";
import { scaleOf } from "./row";

export const COMPARED_MAX = 4;
const TONES: readonly Tone[] = ["accent", "warn", "alt", "up"];

interface Line {
  term: string;
  explain?: string;
  cell: (card: Scorecard, all: readonly Scorecard[]) => ReactNode;
}

const LINES: readonly Line[] = [
  { term: "Trades", cell: ({ total }) => count(total.total_trades) },
  {
    term: "Result",
    cell: ({ total }) => (
      <span className={`strong ${tone(total.total_profit_loss)}`}>{signed(total.total_profit_loss)}</span>
    ),
  },
  { term: "Win rate", explain: "With its 95 % interval (Wilson).", cell: ({ total }) => <WinRate of={total} /> },
  {
    term: "Expectancy",
    explain: "USDT a trade, with its 95 % interval (Student). An interval that holds zero proves nothing.",
    cell: ({ total }, all) => <Expectancy of={total} scale={scaleOf(all.map((each) => each.total))} />,
  },
  { term: "Profit factor", cell: ({ total }) => ratio(total.profit_factor) },
  { term: "Payoff", explain: "Average win over average loss.", cell: ({ total }) => ratio(total.payoff_ratio) },
  { term: "Average R", cell: ({ total }) => signed(total.average_r_multiple) },
  {
    term: "Held on average",
    cell: ({ total }) =>
      duration(total.average_duration_hours === null ? null : 3600 * Number(total.average_duration_hours)),
  },
  {
    term: "Bitcoin instead",
    explain: "What holding BTC for the same money and time would have brought.",
    cell: ({ bitcoin }) => (bitcoin ? signed(bitcoin.profit_loss) : DASH),
  },
  {
    term: "Better than chance",
    explain: "Share of runs of random entries, equal in risk, that it beats.",
    cell: ({ random_entries: runs }) => (runs ? percent(runs.beaten_share, 0) : DASH),
  },
  { term: "Ambiguous", cell: ({ total }) => percent(total.ambiguous_share, 1) },
];

export function Comparison({ of, onClear }: { of: readonly Source[]; onClear: () => void }) {
  const asked = useQueries({ queries: of.map(({ id }) => scorecard(id)) });
  const cards = asked.map(({ data }) => data);
  const key = asked.map(({ dataUpdatedAt }) => dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers are the same as long as their times are
  const curves = useMemo(
    () =>
      of.map(
        (source, place): Curve => ({
          name: source.name,
          tone: TONES[place] ?? "text",
          points: (cards[place]?.equity ?? []).map(({ at, profit_loss }) => ({ at, value: Number(profit_loss) })),
        }),
      ),
    [of, key],
  );
  return (
    <Card
      title="Side by side"
      bare
      end={
        <Button small kind="quiet" onClick={onClear}>
          Clear
        </Button>
      }
    >
      <Answer of={together(asked, cards as Scorecard[])}>
        {(all) => (
          <div className="side-by-side">
            <CurvesChart curves={curves} height={250} label={`Results of ${of.map(({ name }) => name).join(", ")}`} />
            <Figures of={of} cards={all} />
          </div>
        )}
      </Answer>
    </Card>
  );
}

function Figures({ of, cards }: { of: readonly Source[]; cards: readonly Scorecard[] }) {
  return (
    <div className="scroll-x">
      <table className="simple simple-dense">
        <thead>
          <tr>
            <th>Figure</th>
            {of.map((source, place) => (
              <th key={source.id}>
                <Link to={`/sources/${source.id}`} className="legend-name">
                  <i className={`tone-${TONES[place]}`} />
                  {source.name}
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {LINES.map(({ term, explain, cell }) => (
            <tr key={term}>
              <td className="soft">{explain ? <Explained term={term}>{explain}</Explained> : term}</td>
              {cards.map((card, place) => (
                <td key={of[place]?.id} className="num">
                  {cell(card, cards)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
