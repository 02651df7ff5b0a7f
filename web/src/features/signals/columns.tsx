/** The columns of the feed of signals. */
import { Link } from "react-router";
import { PairName, Side, Time } from "@/components/trade/labels";
import type { Column } from "@/components/ui/table";
import { DASH, percent, price, sentence, words } from "@/lib/format";
import type { Signal } from "@/lib/queries/signals";
import type { TickOf } from "@/lib/use-ticks";

const TONES: Record<Signal["status"], string> = {
  ACTIVE: "badge-accent",
  EXECUTED: "badge-up",
  REJECTED: "badge-down",
  EXPIRED: "badge-warn",
  CANCELLED: "",
};

export function SignalStatus({ status }: { status: Signal["status"] }) {
  return <span className={`badge ${TONES[status]}`}>{status === "EXECUTED" ? "Traded" : words(status)}</span>;
}

/** Why it came to that: the first reason of the reader's own accounts, else the signal's. */
export function why(signal: Signal): string {
  const declined = signal.decisions.find((decision) => decision.reason);
  return sentence(declined?.reason ?? signal.reason ?? "");
}

export const target = (level: Signal["take_profits"][number], tick: string | undefined) =>
  level.price ? price(level.price, tick) : percent(level.percent);

/** What an exit ends. */
export const exits = (signal: Signal) => `Exit ${signal.direction ? words(signal.direction).toLowerCase() : ""}`.trim();

export const columnsOf = (tickOf: TickOf): readonly Column<Signal>[] => [
  {
    id: "at",
    head: "Received",
    width: "100px",
    phone: "86px",
    sort: (s) => Date.parse(s.received_at),
    cell: (s) => <Time at={s.received_at} />,
  },
  {
    id: "source",
    head: "Source",
    width: "minmax(120px, 1fr)",
    sort: (s) => s.source,
    cell: (s) => <span className="soft">{s.source}</span>,
  },
  {
    id: "symbol",
    head: "Pair",
    width: "minmax(110px, 1fr)",
    phone: "minmax(92px, 1fr)",
    sort: (s) => s.symbol ?? "",
    cell: (s) =>
      s.symbol ? <PairName symbol={s.symbol} market={s.market_type ?? "SPOT"} /> : <span className="dim">{DASH}</span>,
  },
  {
    id: "side",
    head: "Side",
    width: "86px",
    phone: "84px",
    cell: (s) =>
      s.action === "EXIT" ? (
        <span className="badge">{exits(s)}</span>
      ) : (
        s.direction && <Side direction={s.direction} leverage={s.leverage ?? 1} />
      ),
  },
  {
    id: "strategy",
    head: "Strategy",
    width: "minmax(158px, 1.2fr)",
    sort: (s) => s.strategy,
    cell: (s) => (
      <span>
        {s.strategy || DASH} <span className="dim small">{s.timeframe}</span>
      </span>
    ),
  },
  {
    id: "stop",
    head: "Stop",
    width: "96px",
    right: true,
    cell: (s) => (
      <span className="num down">{s.stop_loss ? price(s.stop_loss, tickOf(s)) : percent(s.stop_loss_percent)}</span>
    ),
  },
  {
    id: "target",
    head: "Target",
    width: "96px",
    right: true,
    cell: (s) => {
      const last = s.take_profits.at(-1);
      return <span className="num up">{last ? target(last, tickOf(s)) : DASH}</span>;
    },
  },
  {
    id: "confidence",
    head: "Conf.",
    width: "64px",
    right: true,
    sort: (s) => (s.confidence === null ? null : Number(s.confidence)),
    cell: (s) => <span className="num">{s.confidence === null ? DASH : percent(100 * Number(s.confidence), 0)}</span>,
  },
  {
    id: "status",
    head: "Became",
    width: "92px",
    phone: "88px",
    sort: (s) => s.status,
    cell: (s) => <SignalStatus status={s.status} />,
  },
  {
    id: "why",
    head: "Why",
    width: "minmax(180px, 2.2fr)",
    cell: (s) => {
      const traded = s.decisions.find((decision) => decision.trade_id !== null);
      if (traded) return <Link to={`/trades/${traded.trade_id}`}>Trade No. {traded.trade_id}</Link>;
      return (
        <span className="soft" title={why(s)}>
          {why(s) || DASH}
        </span>
      );
    },
  },
];
