/** The columns of the table of pairs; each live cell renders alone. */
import { Link } from "react-router";
import { PairName } from "@/components/trade/labels";
import type { Column } from "@/components/ui/table";
import type { Instrument } from "@/lib/api/types";
import { age, DASH, percent, price } from "@/lib/format";
import { prices, useQuote } from "@/lib/stream/prices";
import { useNow } from "@/lib/use-now";

export interface Row {
  pair: string;
  instrument: Instrument;
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
  return <span className="num soft">{spread === null ? DASH : percent(spread, 3)}</span>;
}

const OLD_SECONDS = 15;

function Age({ pair }: { pair: string }) {
  const quote = useQuote(pair);
  const now = useNow();
  if (!quote) return <span className="dim">{DASH}</span>;
  const seconds = Math.max(0, (now - Date.parse(quote.asked_at)) / 1000);
  return <span className={`num ${seconds > OLD_SECONDS ? "warn" : "dim"}`}>{age(seconds)}</span>;
}

export const COLUMNS: readonly Column<Row>[] = [
  {
    id: "symbol",
    head: "Pair",
    width: "minmax(130px, 1.4fr)",
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
    right: true,
    sort: (row) => lastOf(row.pair),
    cell: (row) => <Quoted row={row} field="last" />,
  },
  { id: "bid", head: "Bid", width: "minmax(110px, 1fr)", right: true, cell: (row) => <Quoted row={row} field="bid" /> },
  { id: "ask", head: "Ask", width: "minmax(110px, 1fr)", right: true, cell: (row) => <Quoted row={row} field="ask" /> },
  {
    id: "spread",
    head: "Spread",
    width: "90px",
    right: true,
    sort: (row) => spreadOf(row.pair),
    cell: (row) => <Spread pair={row.pair} />,
  },
  { id: "age", head: "Quote age", width: "96px", right: true, cell: (row) => <Age pair={row.pair} /> },
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
    width: "110px",
    sort: (row) => row.instrument.status,
    cell: (row) =>
      row.instrument.status === "TRADING" ? (
        <span className="dim small">Trading</span>
      ) : (
        <span className="badge badge-warn">{row.instrument.status === "SUSPENDED" ? "Halted" : "Delisted"}</span>
      ),
  },
];
