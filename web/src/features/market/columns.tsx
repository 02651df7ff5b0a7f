/** The columns of the table of pairs; each live cell renders alone. */
import { useMemo } from "react";
import { Link } from "react-router";
import { Sparkline } from "@/components/chart/sparkline";
import { PairName } from "@/components/trade/labels";
import { tone } from "@/components/ui/card";
import type { Column } from "@/components/ui/table";
import type { Instrument } from "@/lib/api/types";
import { DASH, duration, price, signedPercent, spreadText } from "@/lib/format";
import { prices, useQuote } from "@/lib/stream/prices";
import { useNow } from "@/lib/use-now";

export interface Row {
  pair: string;
  instrument: Instrument;
  /** Its prices of the last day, oldest first. */
  course: readonly number[];
  /** How many live trades the reader has on it. */
  held: number;
}

const spreadOf = (pair: string) => {
  const quote = prices.get(pair);
  return quote ? (100 * (Number(quote.ask) - Number(quote.bid))) / Number(quote.last) : null;
};

const lastOf = (pair: string) => {
  const quote = prices.get(pair);
  return quote ? Number(quote.last) : null;
};

/** Against the price of a day ago, or the oldest known since. */
const changeOf = ({ pair, course }: Row) => {
  const [last, first] = [lastOf(pair), course[0]];
  return last === null || !first ? null : (100 * (last - first)) / first;
};

function Change({ row }: { row: Row }) {
  useQuote(row.pair);
  const change = changeOf(row);
  return <span className={`num ${tone(change)}`}>{signedPercent(change)}</span>;
}

function Course({ row }: { row: Row }) {
  const quote = useQuote(row.pair);
  const last = quote && Number(quote.last);
  const values = useMemo(() => (last ? [...row.course, last] : row.course), [row.course, last]);
  return <Sparkline values={values} />;
}

type Field = "last" | "bid" | "ask";

function Quoted({ row, field }: { row: Row; field: Field }) {
  const quote = useQuote(row.pair);
  return (
    <span className={`num${field === "last" ? " strong" : " soft"}`}>
      {price(quote?.[field], row.instrument.tick_size)}
    </span>
  );
}

function Spread({ pair }: { pair: string }) {
  useQuote(pair);
  const spread = spreadOf(pair);
  return <span className="num soft">{spreadText(spread)}</span>;
}

function Moved({ pair }: { pair: string }) {
  const quote = useQuote(pair);
  const now = useNow();
  if (!quote) return <span className="dim">{DASH}</span>;
  return <span className="num dim">{duration((now - Date.parse(quote.asked_at)) / 1000)}</span>;
}

export const COLUMNS: readonly Column<Row>[] = [
  {
    id: "symbol",
    head: "Pair",
    width: "minmax(130px, 1.4fr)",
    phone: "minmax(104px, 1.2fr)",
    sort: (row) => row.instrument.symbol,
    cell: (row) => (
      <Link to={`/market/${row.instrument.market_type}/${row.instrument.symbol}`}>
        <PairName symbol={row.instrument.symbol} market={row.instrument.market_type} />
      </Link>
    ),
  },
  {
    id: "last",
    head: "Last",
    width: "minmax(110px, 1fr)",
    phone: "minmax(104px, 1fr)",
    right: true,
    sort: (row) => lastOf(row.pair),
    live: true,
    cell: (row) => <Quoted row={row} field="last" />,
  },
  {
    id: "change",
    head: "24 h",
    width: "92px",
    phone: "76px",
    right: true,
    sort: changeOf,
    live: true,
    cell: (row) => <Change row={row} />,
  },
  { id: "course", head: "Last day", width: "112px", phone: "66px", cell: (row) => <Course row={row} /> },
  { id: "bid", head: "Bid", width: "minmax(110px, 1fr)", right: true, cell: (row) => <Quoted row={row} field="bid" /> },
  { id: "ask", head: "Ask", width: "minmax(110px, 1fr)", right: true, cell: (row) => <Quoted row={row} field="ask" /> },
  {
    id: "spread",
    head: "Spread",
    width: "90px",
    right: true,
    sort: (row) => spreadOf(row.pair),
    live: true,
    cell: (row) => <Spread pair={row.pair} />,
  },
  { id: "moved", head: "Moved", width: "76px", right: true, cell: (row) => <Moved pair={row.pair} /> },
  {
    id: "held",
    head: "Own trades",
    width: "100px",
    right: true,
    sort: (row) => row.held,
    cell: (row) =>
      row.held ? <span className="badge badge-accent num">{row.held}</span> : <span className="dim">{DASH}</span>,
  },
  {
    id: "status",
    head: "State",
    width: "84px",
    sort: (row) => row.instrument.status,
    cell: (row) =>
      row.instrument.status === "TRADING" ? (
        <span className="visually-hidden">Trading</span>
      ) : (
        <span className="badge badge-warn">{row.instrument.status === "SUSPENDED" ? "Halted" : "Delisted"}</span>
      ),
  },
];
