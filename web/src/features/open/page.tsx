/** Open trades and resting orders, live, as cards or as a table. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { Card } from "@/components/ui/card";
import { Filter, Segmented } from "@/components/ui/fields";
import { Icon } from "@/components/ui/icons";
import { SearchField } from "@/components/ui/search-field";
import { Answer, Empty } from "@/components/ui/states";
import { DataTable } from "@/components/ui/table";
import type { Trade } from "@/lib/api/types";
import { count } from "@/lib/format";
import { liveTrades } from "@/lib/queries/trades";
import { useSearch } from "@/lib/use-search";
import { COLUMNS } from "./columns";
import { TradeCards } from "./trade-cards";

const DEFAULTS = { view: "table", sort: "", q: "", state: "", side: "", market: "" };
const idOf = (trade: Trade) => String(trade.id);

export function OpenPage() {
  const [search, change] = useSearch(DEFAULTS);
  const navigate = useNavigate();
  const asked = useQuery(liveTrades);
  const all = asked.data?.trades;
  const { q, state, side, market } = search;
  const shown = useMemo(() => (all ?? []).filter(matching(q, state, side, market)), [all, q, state, side, market]);
  const nothing = (
    <Empty icon="open" title={all?.length ? "No open trade matches" : "No open trades"}>
      {all?.length ? "Change the filters to see the others." : "Open one with the button above, or let a source do it."}
    </Empty>
  );
  return (
    <div className={`page${search.view === "table" ? " page-fill" : ""}`}>
      <header className="page-head">
        <h1>Open trades</h1>
        {all && (
          <span className="dim num">
            {count(shown.length)}
            {shown.length === all.length ? "" : ` of ${count(all.length)}`}
            {asked.data?.cut ? ", the newest" : ""}
          </span>
        )}
        <div className="end">
          <SearchField placeholder="Symbol or source" value={q} onChange={(q) => change({ q })} />
          <Filter
            label="State"
            value={state}
            onChange={(value) => change({ state: value })}
            options={[
              ["", "Open and pending"],
              ["OPEN", "Open"],
              ["PENDING", "Pending"],
            ]}
          />
          <Filter
            label="Direction"
            value={side}
            onChange={(value) => change({ side: value })}
            options={[
              ["", "Long and short"],
              ["LONG", "Long"],
              ["SHORT", "Short"],
            ]}
          />
          <Filter
            label="Market"
            value={market}
            onChange={(value) => change({ market: value })}
            options={[
              ["", "All markets"],
              ["FUTURES", "Perpetual"],
              ["SPOT", "Spot"],
            ]}
          />
          <Segmented
            label="View"
            value={search.view as "table" | "cards"}
            onChange={(view) => change({ view })}
            options={[
              { value: "table", text: <Icon name="table" size={14} />, say: "Table" },
              { value: "cards", text: <Icon name="cards" size={14} />, say: "Cards" },
            ]}
          />
        </div>
      </header>
      <Answer of={asked}>
        {() =>
          search.view === "cards" ? (
            shown.length ? (
              <TradeCards trades={shown} />
            ) : (
              nothing
            )
          ) : (
            <Card fill bare>
              <DataTable
                label="Open trades"
                rows={shown}
                columns={COLUMNS}
                id={idOf}
                sorting={search.sort}
                onSort={(sort) => change({ sort })}
                onOpen={(trade) => navigate(`/trades/${trade.id}`)}
                empty={nothing}
              />
            </Card>
          )
        }
      </Answer>
    </div>
  );
}

function matching(q: string, state: string, side: string, market: string): (trade: Trade) => boolean {
  const text = q.trim().toLowerCase();
  return (trade) =>
    (!state || trade.status === state) &&
    (!side || trade.direction === side) &&
    (!market || trade.market_type === market) &&
    (!text || trade.symbol.toLowerCase().includes(text) || trade.source.toLowerCase().includes(text));
}
