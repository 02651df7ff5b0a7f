/** Closed trades: filters, sort and search in the address, thousands of rows, and a file of them. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import { Card, tone } from "@/components/ui/card";
import { DateFilter } from "@/components/ui/date-filter";
import { Filter } from "@/components/ui/fields";
import { SearchField } from "@/components/ui/search-field";
import { Answer, Empty } from "@/components/ui/states";
import { DataTable } from "@/components/ui/table";
import type { Trade } from "@/lib/api/types";
import { counted, signed } from "@/lib/format";
import { performance } from "@/lib/queries/performance";
import { type HistoryFilter, history } from "@/lib/queries/trades";
import { FINAL, STATUS_LABELS } from "@/lib/trades";
import { useSearch } from "@/lib/use-search";
import { COLUMNS } from "./columns";
import { saveCsv } from "./csv";

const DEFAULTS = { q: "", status: "", market: "", side: "", source: "", from: "", to: "", sort: "-closed" };
const ROWS_MAX = 10_000;
const idOf = (trade: Trade) => String(trade.id);

export function HistoryPage() {
  const [search, change] = useSearch(DEFAULTS);
  const navigate = useNavigate();
  // biome-ignore lint/correctness/useExhaustiveDependencies: sort and search change nothing of what is asked for
  const filter = useMemo(
    () => filterOf(search),
    [search.status, search.market, search.side, search.source, search.from, search.to],
  );
  const asked = useInfiniteQuery(history(filter));
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.results), [asked.data]);
  const loaded = rows?.length ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = asked;
  useEffect(() => {
    // All of them, up to a bound: only then does a sort or a search tell the truth.
    if (hasNextPage && !isFetchingNextPage && !isError && loaded < ROWS_MAX) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, loaded, fetchNextPage]);
  const shown = useMemo(() => (rows ?? []).filter(matching(search.q)), [rows, search.q]);
  const total = useMemo(() => shown.reduce((sum, trade) => sum + Number(trade.profit_loss ?? 0), 0), [shown]);
  const isFiltered = Object.entries(search).some(([key, value]) => key !== "sort" && value);
  return (
    <div className="page page-fill">
      <header className="page-head">
        <h1>History</h1>
        <span className="dim num" aria-live="polite">
          {rows && counted(shown.length, "trade")}
          {hasNextPage ? (loaded < ROWS_MAX ? ", reading on" : ", the newest") : ""}
        </span>
        {shown.length > 0 && <span className={`num strong ${tone(total)}`}>{signed(total)}</span>}
        <div className="end">
          <SearchField placeholder="Symbol, source, note" value={search.q} onChange={(q) => change({ q })} />
          <Filter
            label="How it ended"
            value={search.status}
            onChange={(status) => change({ status })}
            options={[["", "Any end"], ...FINAL.map((status): [string, string] => [status, STATUS_LABELS[status]])]}
          />
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
          <SourceFilter value={search.source} onChange={(source) => change({ source })} />
          <DateFilter label="Made on or after" value={search.from} onChange={(from) => change({ from })} />
          <DateFilter label="Made before" value={search.to} onChange={(to) => change({ to })} />
          {isFiltered && (
            <Button small kind="quiet" onClick={() => change({ ...DEFAULTS, sort: search.sort })}>
              Clear
            </Button>
          )}
          <Button icon="download" small disabled={!shown.length} onClick={() => saveCsv(shown)}>
            CSV
          </Button>
        </div>
      </header>
      <Card fill bare>
        <Answer of={{ ...asked, data: rows }} rows={8}>
          {() => (
            <DataTable
              label="Closed trades"
              rows={shown}
              columns={COLUMNS}
              id={idOf}
              sorting={search.sort}
              onSort={(sort) => change({ sort })}
              onOpen={(trade) => navigate(`/trades/${trade.id}`)}
              empty={
                <Empty icon="history" title={isFiltered ? "No closed trade matches" : "Nothing has closed yet"}>
                  {isFiltered ? "Widen the filters." : "As soon as a trade meets its stop or target it stands here."}
                </Empty>
              }
            />
          )}
        </Answer>
      </Card>
    </div>
  );
}

/** Of every source that has closed a trade, and the one in the address. */
function SourceFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const groups = useQuery(performance({ group_by: "source" })).data?.groups ?? [];
  const names = new Set(groups.map(({ key }) => key)).add(value);
  names.delete("");
  return (
    <Filter
      label="Source"
      value={value}
      onChange={onChange}
      options={[["", "All sources"], ...[...names].sort().map((name): [string, string] => [name, name])]}
    />
  );
}

function filterOf(search: Record<keyof typeof DEFAULTS, string>): HistoryFilter {
  return {
    status: search.status || undefined,
    market_type: (search.market || undefined) as HistoryFilter["market_type"],
    direction: (search.side || undefined) as HistoryFilter["direction"],
    source: search.source || undefined,
    from: midnight(search.from),
    to: midnight(search.to),
  };
}

/** The reader's own midnight of a day, as a moment; undefined for what is none, as an address may have it. */
function midnight(day: string): string | undefined {
  const at = new Date(`${day}T00:00:00`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function matching(q: string): (trade: Trade) => boolean {
  const text = q.trim().toLowerCase();
  if (!text) return () => true;
  return ({ symbol, source, notes }) => [symbol, source, notes].some((field) => field.toLowerCase().includes(text));
}
