/** Would this have made money? Figures, curves, a calendar, and where the result came from. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Filter, Segmented } from "@/components/ui/fields";
import { Answer, Empty } from "@/components/ui/states";
import { accounts } from "@/lib/queries/market";
import { type Group, performance } from "@/lib/queries/performance";
import { useSearch } from "@/lib/use-search";
import { Breakdown } from "./breakdown";
import { Calendar } from "./calendar";
import { Curves } from "./curves";
import { Distribution } from "./distribution";
import { Figures } from "./figures";

const DEFAULTS = {
  days: "30",
  account: "",
  market: "",
  side: "",
  source: "",
  by: "symbol",
  sort: "-total_profit_loss",
};
const SPANS = [
  { value: "7", text: "7 d" },
  { value: "30", text: "30 d" },
  { value: "90", text: "90 d" },
  { value: "365", text: "1 y" },
  { value: "all", text: "All" },
];

export function PerformancePage() {
  const [search, change] = useSearch(DEFAULTS);
  const scope = useMemo(
    () => ({
      days: search.days === "all" ? undefined : Number(search.days),
      market_type: (search.market || undefined) as "SPOT" | "FUTURES" | undefined,
      direction: (search.side || undefined) as "LONG" | "SHORT" | undefined,
      source: search.source || undefined,
      account_id: Number(search.account) || undefined,
    }),
    [search.days, search.market, search.side, search.source, search.account],
  );
  const own = useQuery(accounts).data ?? [];
  const asked = useQuery(performance({ ...scope, group_by: "day" }));
  return (
    <div className="page">
      <header className="page-head">
        <h1>Performance</h1>
        {search.source && <span className="badge">Source {search.source}</span>}
        <div className="end">
          {own.length > 1 && (
            <Filter
              label="Account"
              value={search.account}
              onChange={(account) => change({ account })}
              options={[["", "All accounts"], ...own.map(({ id, name }): [string, string] => [String(id), name])]}
            />
          )}
          <Filter
            label="Market"
            value={search.market}
            onChange={(market) => change({ market })}
            options={[
              ["", "All markets"],
              ["FUTURES", "Perpetual"],
              ["SPOT", "Spot"],
            ]}
          />
          <Filter
            label="Direction"
            value={search.side}
            onChange={(side) => change({ side })}
            options={[
              ["", "Long and short"],
              ["LONG", "Long"],
              ["SHORT", "Short"],
            ]}
          />
          <Segmented label="Days" value={search.days} onChange={(days) => change({ days })} options={SPANS} />
        </div>
      </header>
      <Answer of={asked}>
        {(whole) =>
          whole.total_trades ? (
            <>
              <Figures of={whole} />
              <Curves
                days={byDay(whole.groups)}
                capital={Number(whole.capital)}
                isWhole={!search.market && !search.side && !search.source}
                span={scope.days}
                account={scope.account_id ?? (own.length === 1 ? own[0]?.id : undefined)}
              />
              <div className="grid cols-2">
                <Calendar days={byDay(whole.groups)} />
                <Distribution scope={scope} />
              </div>
              <Breakdown
                scope={scope}
                by={search.by}
                sort={search.sort}
                onBy={(by) => change({ by })}
                onSort={(sort) => change({ sort })}
              />
            </>
          ) : (
            <Empty icon="performance" title="No trade has closed in this span">
              Figures stand here from the first closed trade on.
            </Empty>
          )
        }
      </Answer>
    </div>
  );
}

const byDay = (groups: readonly Group[]) => [...groups].sort((a, b) => a.key.localeCompare(b.key));
