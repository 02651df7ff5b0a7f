/** Sources beside each other: what each says, what trading it came to, and how sure that is. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Answer, Empty } from "@/components/ui/states";
import { DataTable } from "@/components/ui/table";
import { count } from "@/lib/format";
import { performance } from "@/lib/queries/performance";
import { scorecards, sources } from "@/lib/queries/signals";
import { useSearch } from "@/lib/use-search";
import { columns } from "./columns";
import { COMPARED_MAX, Comparison } from "./comparison";
import { NewSource } from "./new-source";
import { type Row, rowsOf, scaleOf } from "./row";

const DEFAULTS = { sort: "-result", compare: "" };
const idOf = (row: Row) => row.name;

export function SourcesPage() {
  const [search, change] = useSearch(DEFAULTS);
  const [making, make] = useState(false);
  const navigate = useNavigate();
  const asked = useQuery(sources);
  const cards = useQuery(scorecards).data;
  const results = useQuery(performance({ group_by: "source" })).data;
  const rows = useMemo(
    () => rowsOf(asked.data ?? [], cards ?? [], results?.group_by === "source" ? results.groups : undefined),
    [asked.data, cards, results],
  );
  const compared = useMemo(() => search.compare.split(",").filter(Boolean), [search.compare]);
  const toggle = useCallback(
    (id: string) => {
      const without = compared.filter((each) => each !== id);
      const next = without.length < compared.length ? without : [...compared, id].slice(-COMPARED_MAX);
      change({ compare: next.join(",") });
    },
    [compared, change],
  );
  const shown = useMemo(
    () => columns(scaleOf(rows.map(({ line }) => line)), compared, toggle),
    [rows, compared, toggle],
  );
  const chosen = (asked.data ?? []).filter(({ id }) => compared.includes(String(id)));
  return (
    <div className={`page${chosen.length ? "" : " page-fill"}`}>
      <header className="page-head">
        <h1>Sources</h1>
        <span className="dim num">{count(rows.length)}</span>
        <span className="dim small wide">
          Bars show where a figure lies with 95 % confidence. Tick some to compare.
        </span>
        <div className="end">
          <Button icon="plus" onClick={() => make(true)}>
            New source
          </Button>
        </div>
      </header>
      {chosen.length > 0 && <Comparison of={chosen} onClear={() => change({ compare: "" })} />}
      <Card fill bare>
        <Answer of={asked}>
          {() => (
            <DataTable
              label="Sources"
              rows={rows}
              columns={shown}
              id={idOf}
              sorting={search.sort}
              onSort={(sort) => change({ sort })}
              onOpen={(row) => row.source && navigate(`/sources/${row.source.id}`)}
              empty={
                <Empty icon="sources" title="No sources yet">
                  Make one for your alerts, or follow a public one.
                </Empty>
              }
            />
          )}
        </Answer>
      </Card>
      {making && <NewSource onClose={() => make(false)} />}
    </div>
  );
}
