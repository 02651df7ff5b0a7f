/** What sources say, live, and what became of each. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Filter } from "@/components/ui/fields";
import { SearchField } from "@/components/ui/search-field";
import { Answer, Empty } from "@/components/ui/states";
import { DataTable } from "@/components/ui/table";
import { count } from "@/lib/format";
import { instruments } from "@/lib/queries/market";
import { type Signal, signals, sources } from "@/lib/queries/signals";
import { useSearch } from "@/lib/use-search";
import { useTicks } from "@/lib/use-ticks";
import { columnsOf } from "./columns";
import { SaySignal } from "./say-signal";
import { SignalSheet } from "./signal-sheet";

const DEFAULTS = { q: "", status: "", source: "", sort: "", signal: "" };
const idOf = (each: Signal) => String(each.id);

export function SignalsPage() {
  const [search, change] = useSearch(DEFAULTS);
  const [saying, say] = useState(false);
  const tickOf = useTicks();
  const columns = useMemo(() => columnsOf(tickOf), [tickOf]);
  const known = useQuery(sources).data;
  const name = search.q.trim().toUpperCase();
  const isPair = useQuery(instruments).data?.some(({ symbol }) => symbol === name);
  const asked = useInfiniteQuery(
    signals({
      status: search.status || undefined,
      source_id: Number(search.source) || undefined,
      symbol: isPair ? name : undefined, // the API knows pairs by their whole name; other words are looked for here
    }),
  );
  const rows = useMemo(() => asked.data?.pages.flatMap((page) => page.results), [asked.data]);
  const shown = useMemo(() => {
    const text = search.q.trim().toLowerCase();
    const fields = (each: Signal) => [each.symbol ?? "", each.source, each.strategy];
    return (rows ?? []).filter((each) => !text || fields(each).some((field) => field.toLowerCase().includes(text)));
  }, [rows, search.q]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = asked;
  const isPart = search.q.trim() !== "" && !isPair && hasNextPage; // of what was not read nobody knows whether it matches
  return (
    <div className="page page-fill">
      <header className="page-head">
        <h1>Signals</h1>
        {rows && (
          <span className="dim num" aria-live="polite">
            {isPart ? `${count(shown.length)} of ` : ""}
            {hasNextPage ? "the newest " : ""}
            {count(isPart ? rows.length : shown.length)}
          </span>
        )}
        {isPart && (
          <Button small busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Look further
          </Button>
        )}
        <div className="end">
          <SearchField placeholder="Symbol, source, strategy" value={search.q} onChange={(q) => change({ q })} />
          <Filter
            label="Source"
            value={search.source}
            onChange={(source) => change({ source })}
            options={[
              ["", "All sources"],
              ...(known ?? []).map(({ id, name }): [string, string] => [String(id), name]),
            ]}
          />
          <Filter
            label="What became of it"
            value={search.status}
            onChange={(status) => change({ status })}
            options={[
              ["", "All"],
              ["ACTIVE", "Active"],
              ["EXECUTED", "Traded"],
              ["REJECTED", "Rejected"],
              ["EXPIRED", "Expired"],
              ["CANCELLED", "Cancelled"],
            ]}
          />
          <Button icon="signals" onClick={() => say(true)}>
            Say a signal
          </Button>
        </div>
      </header>
      <Card fill bare>
        <Answer of={{ ...asked, data: rows }} rows={8}>
          {() => (
            <DataTable
              label="Signals"
              rows={shown}
              columns={columns}
              id={idOf}
              sorting={search.sort}
              onSort={(sort) => change({ sort })}
              onOpen={(each) => change({ signal: String(each.id) })}
              onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
              empty={
                <Empty
                  icon="signals"
                  title={search.q || search.status || search.source ? "No signal matches" : "No signals yet"}
                >
                  Strategies look at each closed candle; webhooks and your own come at any time.
                </Empty>
              }
            />
          )}
        </Answer>
      </Card>
      {search.signal && <SignalSheet id={Number(search.signal)} onClose={() => change({ signal: "" })} />}
      {saying && <SaySignal onClose={() => say(false)} />}
    </div>
  );
}
