/** The columns that compare sources. */
import { Link } from "react-router";
import { tone } from "@/components/ui/card";
import type { Column } from "@/components/ui/table";
import { count, DASH, percent, ratio, signed } from "@/lib/format";
import { Expectancy, WinRate } from "./measures";
import { FEW, type Row, type Scale } from "./row";

const number = (value: string | null | undefined) => (value == null ? null : Number(value));

export function kindOf({ source }: Row): string {
  if (!source) return "trades only";
  return [source.is_own ? "own" : "followed", source.is_public && "public", !source.auto_trade && "by hand"]
    .filter(Boolean)
    .join(", ");
}

export const columns = (
  scale: Scale,
  compared: readonly string[],
  toggle: (name: string) => void,
): readonly Column<Row>[] => [
  {
    id: "compare",
    head: "",
    width: "34px",
    phone: "30px",
    cell: (r) =>
      r.source ? (
        <input
          type="checkbox"
          className="tick"
          aria-label={`Compare ${r.name}`}
          checked={compared.includes(String(r.source.id))}
          onChange={() => toggle(String(r.source?.id))}
        />
      ) : null,
  },
  {
    id: "name",
    head: "Source",
    width: "minmax(150px, 1.6fr)",
    phone: "minmax(120px, 1fr)",
    sort: (r) => r.name,
    cell: (r) =>
      r.source ? (
        <Link className="pair" to={`/sources/${r.source.id}`}>
          {r.name}
        </Link>
      ) : (
        <span className="strong">{r.name}</span>
      ),
  },
  { id: "kind", head: "Kind", width: "112px", cell: (r) => <span className="dim small">{kindOf(r)}</span> },
  {
    id: "trades",
    head: "Trades",
    width: "104px",
    phone: "78px",
    right: true,
    sort: (r) => r.group?.total_trades ?? 0,
    cell: ({ group }) => (
      <span className="num">
        {group && group.total_trades < FEW && (
          <span className="badge badge-warn" title={`Fewer than ${FEW} trades tell little`}>
            few
          </span>
        )}{" "}
        {count(group?.total_trades ?? 0)}
      </span>
    ),
  },
  {
    id: "result",
    head: "Result",
    width: "minmax(96px, 1fr)",
    phone: "88px",
    right: true,
    sort: (r) => number(r.group?.total_profit_loss),
    cell: ({ group }) => (
      <span className={`num strong ${tone(group?.total_profit_loss)}`}>{signed(group?.total_profit_loss)}</span>
    ),
  },
  {
    id: "win",
    head: "Win rate",
    width: "150px",
    right: true,
    sort: (r) => number(r.group?.win_rate),
    cell: ({ line, group }) =>
      line ? <WinRate of={line} /> : <span className="num">{percent(group?.win_rate, 1)}</span>,
  },
  {
    id: "expectancy",
    head: "Expectancy",
    width: "154px",
    right: true,
    sort: (r) => number(r.group?.expectancy),
    cell: ({ line, group }) =>
      line ? (
        <Expectancy of={line} scale={scale} />
      ) : (
        <span className={`num ${tone(group?.expectancy)}`}>{signed(group?.expectancy)}</span>
      ),
  },
  {
    id: "factor",
    head: "Profit factor",
    width: "104px",
    right: true,
    sort: (r) => number(r.group?.profit_factor),
    cell: ({ group }) => <span className="num">{ratio(group?.profit_factor)}</span>,
  },
  {
    id: "r",
    head: "Average R",
    width: "90px",
    right: true,
    sort: (r) => number(r.group?.average_r_multiple),
    cell: ({ group }) => <span className="num">{group ? signed(group.average_r_multiple) : DASH}</span>,
  },
  {
    id: "margin",
    head: "On margin",
    width: "92px",
    right: true,
    sort: (r) => number(r.group?.return_on_margin),
    cell: ({ group }) => <span className="num">{percent(group?.return_on_margin)}</span>,
  },
  {
    id: "more",
    head: "",
    width: "80px",
    right: true,
    cell: (r) => <Link to={`/performance?days=all&source=${encodeURIComponent(r.name)}`}>Figures</Link>,
  },
];
