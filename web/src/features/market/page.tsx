/** Every pair that can be traded, live. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { Card } from "@/components/ui/card";
import { Segmented } from "@/components/ui/fields";
import { SearchField } from "@/components/ui/search-field";
import { Answer, Empty } from "@/components/ui/states";
import { DataTable } from "@/components/ui/table";
import { age, count } from "@/lib/format";
import { allPrices, day, instruments, system } from "@/lib/queries/market";
import { liveTrades } from "@/lib/queries/trades";
import { useFollowed } from "@/lib/stream/source";
import { pairOf } from "@/lib/trades";
import { useSearch } from "@/lib/use-search";
import { COLUMNS, type Row } from "./columns";

const DEFAULTS = { q: "", market: "FUTURES", sort: "", mine: "" };
const idOf = (row: Row) => row.pair;
const ALL = ["all"];
const NONE: readonly number[] = [];

export function MarketPage() {
  const [search, change] = useSearch(DEFAULTS);
  const navigate = useNavigate();
  const listed = useQuery(instruments);
  useQuery(allPrices);
  useFollowed(ALL);
  const courses = useQuery(day).data;
  const held = useQuery({ ...liveTrades, select: ({ trades }) => trades.map(pairOf).join() }).data;
  const rows = useMemo(() => {
    const counts = new Map<string, number>();
    for (const pair of held?.split(",") ?? []) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    return (listed.data ?? [])
      .filter((each) => each.status !== "DELISTED")
      .map((instrument): Row => {
        const pair = pairOf(instrument);
        return { pair, instrument, course: courses?.get(pair) ?? NONE, held: counts.get(pair) ?? 0 };
      });
  }, [listed.data, held, courses]);
  const { q, market, mine } = search;
  const shown = useMemo(() => {
    const text = q.trim().toUpperCase();
    return rows.filter(
      (row) =>
        (market === "ALL" || row.instrument.market_type === market) &&
        (!mine || row.held > 0) &&
        row.instrument.symbol.includes(text),
    );
  }, [rows, q, market, mine]);
  return (
    <div className="page page-fill">
      <header className="page-head">
        <h1>Market</h1>
        <span className="dim num">
          {count(shown.length)} of {count(rows.length)} pairs
        </span>
        <Feeds />
        <div className="end">
          <SearchField placeholder="Symbol" value={q} onChange={(q) => change({ q })} />
          <Segmented
            label="Market"
            value={market}
            onChange={(value) => change({ market: value })}
            options={[
              { value: "FUTURES", text: "Perpetual" },
              { value: "SPOT", text: "Spot" },
              { value: "ALL", text: "Both" },
            ]}
          />
          <label className="check small">
            <input
              type="checkbox"
              checked={mine === "1"}
              onChange={(event) => change({ mine: event.target.checked ? "1" : "" })}
            />
            Only held
          </label>
        </div>
      </header>
      <Card fill bare>
        <Answer of={listed} rows={8}>
          {() => (
            <DataTable
              label="Pairs"
              rows={shown}
              columns={COLUMNS}
              id={idOf}
              sorting={search.sort}
              onSort={(sort) => change({ sort })}
              onOpen={(row) => navigate(`/market/${row.instrument.market_type}/${row.instrument.symbol}`)}
              empty={<Empty icon="search" title="No pair matches" />}
            />
          )}
        </Answer>
      </Card>
    </div>
  );
}

const OLD_SECONDS = 15;

/** When the exchange was last asked for all prices of a market; a quote that stands still is as fresh as that. */
function Feeds() {
  const feeds = useQuery(system).data?.feeds ?? {};
  return (
    <>
      {(["FUTURES", "SPOT"] as const).map((market) => {
        const seconds = feeds[market]?.quote_age_seconds ?? null;
        const tone = seconds === null ? "link-connecting" : seconds > OLD_SECONDS ? "link-lost" : "";
        return (
          <span key={market} className={`link ${tone}`} title="Age of the newest sweep over all prices">
            <i />
            <b className="num">
              {market === "FUTURES" ? "Perpetual" : "Spot"} {age(seconds)}
            </b>
          </span>
        );
      })}
    </>
  );
}
