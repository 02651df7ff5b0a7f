/** Where the result came from: by pair, source, hour, reason of exit. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Card, tone } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { Answer } from "@/components/ui/states";
import { type Column, DataTable } from "@/components/ui/table";
import { count, duration, money, percent, ratio, signed, words } from "@/lib/format";
import { type Group, type GroupBy, type PerformanceScope, performance } from "@/lib/queries/performance";
import { DEFINITIONS } from "./definitions";

const BY: readonly { value: GroupBy; text: string }[] = [
  { value: "symbol", text: "Pair" },
  { value: "source", text: "Source" },
  { value: "exit_reason", text: "Exit" },
  { value: "direction", text: "Side" },
  { value: "market", text: "Market" },
  { value: "hour", text: "Hour (UTC)" },
  { value: "day", text: "Day (UTC)" },
];

interface Props {
  scope: PerformanceScope;
  by: string;
  sort: string;
  onBy: (by: string) => void;
  onSort: (sort: string) => void;
}

const idOf = (group: Group) => `${group.market_type ?? ""}:${group.key}`;

export function Breakdown({ scope, by, sort, onBy, onSort }: Props) {
  const chosen = BY.find(({ value }) => value === by)?.value ?? "symbol";
  const asked = useQuery(performance({ ...scope, group_by: chosen }));
  const most = Math.max(1e-9, ...(asked.data?.groups ?? []).map((group) => Math.abs(Number(group.total_profit_loss))));
  const columns = useMemo(() => columnsOf(chosen, most), [chosen, most]);
  const rows = asked.data?.group_by === chosen ? asked.data.groups : [];
  return (
    <Card
      title="Where it came from"
      bare
      end={<Segmented label="Group by" value={chosen} onChange={onBy} options={BY} />}
    >
      <Answer of={asked}>
        {() => (
          <div style={{ height: Math.min(480, 44 + 34 * Math.max(3, rows.length)), display: "flex" }}>
            <DataTable label="Groups" rows={rows} columns={columns} id={idOf} sorting={sort} onSort={onSort} />
          </div>
        )}
      </Answer>
    </Card>
  );
}

const number = (value: string | null) => (value === null ? null : Number(value));

function name(group: Group, by: GroupBy): string {
  if (by === "hour") return `${group.key.padStart(2, "0")}:00 UTC`;
  if (by === "symbol") return `${group.key} ${group.market_type === "SPOT" ? "spot" : "perpetual"}`;
  if (by === "day" || by === "source") return group.key;
  return words(group.key);
}

function columnsOf(by: GroupBy, most: number): readonly Column<Group>[] {
  return [
    {
      id: "key",
      head: BY.find(({ value }) => value === by)?.text ?? "",
      width: "minmax(150px, 1.6fr)",
      sort: (g) => g.key,
      cell: (g) => <span className="strong">{name(g, by)}</span>,
    },
    {
      id: "trades",
      head: "Trades",
      explain: DEFINITIONS.total_trades,
      width: "80px",
      right: true,
      sort: (g) => g.total_trades,
      cell: (g) => <span className="num">{count(g.total_trades)}</span>,
    },
    {
      id: "total_profit_loss",
      head: "Result",
      explain: DEFINITIONS.total_profit_loss,
      width: "minmax(90px, 1fr)",
      right: true,
      sort: (g) => Number(g.total_profit_loss),
      cell: (g) => <span className={`num strong ${tone(g.total_profit_loss)}`}>{signed(g.total_profit_loss)}</span>,
    },
    {
      id: "bar",
      head: "",
      width: "minmax(90px, 1.4fr)",
      cell: (g) => <Bar part={Number(g.total_profit_loss) / most} />,
    },
    {
      id: "win_rate",
      head: "Win rate",
      explain: DEFINITIONS.win_rate,
      width: "88px",
      right: true,
      sort: (g) => number(g.win_rate),
      cell: (g) => <span className="num">{percent(g.win_rate, 1)}</span>,
    },
    {
      id: "factor",
      head: "Factor",
      explain: DEFINITIONS.profit_factor,
      width: "76px",
      right: true,
      sort: (g) => number(g.profit_factor),
      cell: (g) => <span className="num">{ratio(g.profit_factor)}</span>,
    },
    {
      id: "expectancy",
      head: "Expectancy",
      explain: DEFINITIONS.expectancy,
      width: "100px",
      right: true,
      sort: (g) => number(g.expectancy),
      cell: (g) => <span className={`num ${tone(g.expectancy)}`}>{signed(g.expectancy)}</span>,
    },
    {
      id: "r",
      head: "Avg R",
      explain: DEFINITIONS.average_r_multiple,
      width: "76px",
      right: true,
      sort: (g) => number(g.average_r_multiple),
      cell: (g) => <span className="num">{signed(g.average_r_multiple)}</span>,
    },
    {
      id: "fees",
      head: "Fees",
      explain: DEFINITIONS.total_fees,
      width: "84px",
      right: true,
      sort: (g) => Number(g.total_fees),
      cell: (g) => <span className="num soft">{money(g.total_fees)}</span>,
    },
    {
      id: "held",
      head: "Held",
      explain: DEFINITIONS.average_duration_hours,
      width: "84px",
      right: true,
      sort: (g) => number(g.average_duration_hours),
      cell: (g) => (
        <span className="num soft">
          {duration(g.average_duration_hours === null ? null : Number(g.average_duration_hours) * 3600)}
        </span>
      ),
    },
  ];
}

/** The result as a bar to the left or right of the middle. */
function Bar({ part }: { part: number }) {
  const width = `${50 * Math.abs(part)}%`;
  return (
    <div className="split-bar" aria-hidden="true">
      <i className={part >= 0 ? "up" : "down"} style={part >= 0 ? { left: "50%", width } : { right: "50%", width }} />
    </div>
  );
}
