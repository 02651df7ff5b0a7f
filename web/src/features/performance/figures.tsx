/** The figures, each with its definition on hover. */
import { Stat, tone } from "@/components/ui/card";
import { count, counted, DASH, duration, money, percent, ratio, signed, signedPercent } from "@/lib/format";
import type { Performance } from "@/lib/queries/performance";
import { DEFINITIONS } from "./definitions";

interface Shown {
  name: string;
  label: string;
  value: string;
  note?: string;
  /** The figures that the note tells. */
  noted?: readonly string[];
  tone?: "up" | "down" | "";
}

export function Figures({ of }: { of: Performance }) {
  return (
    <div className="stats stats-dense">
      {shown(of).map((each) => (
        <Stat
          key={each.name}
          label={each.label}
          value={each.value}
          tone={each.tone}
          {...(each.note === undefined ? {} : { note: each.note })}
          explain={<Definitions of={[each.name, ...(each.noted ?? [])]} />}
        />
      ))}
    </div>
  );
}

function Definitions({ of }: { of: readonly string[] }) {
  return of.map((name) => <p key={name}>{DEFINITIONS[name]}</p>);
}

function shown(of: Performance): Shown[] {
  const fall = of.max_drawdown;
  const hours = of.average_duration_hours;
  return [
    {
      name: "total_profit_loss",
      label: "Result",
      value: signed(of.total_profit_loss),
      note: `${signedPercent(Number(of.capital) ? (100 * Number(of.total_profit_loss)) / Number(of.capital) : null)} of capital`,
      tone: tone(of.total_profit_loss),
    },
    {
      name: "total_trades",
      label: "Trades",
      value: count(of.total_trades),
      note: `${of.winning_trades} won, ${of.losing_trades} lost`,
    },
    {
      name: "win_rate",
      label: "Win rate",
      value: percent(of.win_rate, 1),
      note: `payoff ${ratio(of.payoff_ratio)}`,
      noted: ["payoff_ratio"],
    },
    {
      name: "profit_factor",
      label: "Profit factor",
      value: ratio(of.profit_factor),
      note: `${money(of.gross_profit)} over ${money(Math.abs(Number(of.gross_loss)))}`,
      noted: ["gross_profit", "gross_loss"],
    },
    {
      name: "expectancy",
      label: "Expectancy",
      value: signed(of.expectancy),
      note: `ratio ${ratio(of.expectancy_ratio)}`,
      noted: ["expectancy_ratio"],
      tone: tone(of.expectancy),
    },
    {
      name: "average_r_multiple",
      label: "Average R",
      value: signed(of.average_r_multiple),
      note: `sum ${signed(of.total_r_multiple, 1)}`,
      noted: ["total_r_multiple"],
      tone: tone(of.average_r_multiple),
    },
    {
      name: "max_drawdown",
      label: "Drawdown",
      value: fall ? percent(fall.percent) : DASH,
      note: fall ? `${money(fall.amount)} USDT` : DASH,
    },
    { name: "sharpe_ratio", label: "Sharpe", value: ratio(of.sharpe_ratio), note: "a year" },
    { name: "sortino_ratio", label: "Sortino", value: ratio(of.sortino_ratio), note: "a year" },
    {
      name: "calmar_ratio",
      label: "Calmar",
      value: ratio(of.calmar_ratio),
      note: `CAGR ${percent(of.cagr, 1)}`,
      noted: ["cagr"],
    },
    {
      name: "average_win",
      label: "Average win",
      value: money(of.average_win),
      note: `largest ${money(of.largest_win)}`,
      noted: ["largest_win"],
      tone: "up",
    },
    {
      name: "average_loss",
      label: "Average loss",
      value: money(of.average_loss),
      note: `largest ${money(of.largest_loss)}`,
      noted: ["largest_loss"],
      tone: "down",
    },
    {
      name: "longest_losing_streak",
      label: "Losing streak",
      value: count(of.longest_losing_streak),
      note: `winning ${of.longest_winning_streak}`,
      noted: ["longest_winning_streak"],
    },
    {
      name: "average_duration_hours",
      label: "Held on average",
      value: duration(hours === null ? null : Number(hours) * 3600),
      note: `exposed ${percent(of.exposure_percent, 0)}`,
      noted: ["exposure_percent"],
    },
    {
      name: "total_fees",
      label: "Fees",
      value: money(of.total_fees),
      note: `funding ${money(of.total_funding)}`,
      noted: ["total_funding"],
    },
    {
      name: "return_on_margin",
      label: "On margin",
      value: signedPercent(of.return_on_margin),
      tone: tone(of.return_on_margin),
      note: "all margins",
    },
    {
      name: "average_mae",
      label: "Worst meanwhile",
      value: money(of.average_mae),
      note: `MAE of ${count(of.excursion_trades)}`,
      noted: ["excursion_trades"],
    },
    { name: "average_mfe", label: "Best meanwhile", value: money(of.average_mfe), note: "MFE, mean" },
    {
      name: "ambiguous_share",
      label: "Ambiguous",
      value: percent(of.ambiguous_share, 1),
      note: counted(of.ambiguous_trades, "trade"),
    },
  ];
}
