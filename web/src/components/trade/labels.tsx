/** The words and badges of a trade. */
import { Link } from "react-router";
import type { Trade, TradeStatus } from "@/lib/api/types";
import { fullMoment, moment, words } from "@/lib/format";
import { STATUS_LABELS } from "@/lib/trades";
import { useToday } from "@/lib/use-now";

export function PairName({ symbol, market }: { symbol: string; market: string }) {
  return (
    <span className="pair">
      {symbol.replace(/USDT$/, "")} <small>{market === "FUTURES" ? "PERP" : "SPOT"}</small>
    </span>
  );
}

export function TradeLink({ trade }: { trade: Pick<Trade, "id" | "symbol" | "market_type"> }) {
  return (
    <Link to={`/trades/${trade.id}`} title={`Trade No. ${trade.id}`}>
      <PairName symbol={trade.symbol} market={trade.market_type} />
    </Link>
  );
}

export function Side({ direction, leverage }: { direction: string; leverage?: number }) {
  return (
    <span className={`badge ${direction === "LONG" ? "badge-up" : "badge-down"}`}>
      {direction === "LONG" ? "Long" : "Short"}
      {leverage && leverage > 1 ? ` ${leverage}×` : ""}
    </span>
  );
}

const TONES: Partial<Record<TradeStatus, string>> = {
  OPEN: "badge-accent",
  PENDING: "badge-warn",
  CLOSED_TP: "badge-up",
  CLOSED_SL: "badge-down",
  CLOSED_LIQUIDATED: "badge-down",
};

export function Status({ status }: { status: TradeStatus }) {
  return <span className={`badge ${TONES[status] ?? ""}`}>{STATUS_LABELS[status]}</span>;
}

export function ExitReason({ trade }: { trade: Trade }) {
  if (!trade.exit_reason) return <Status status={trade.status} />;
  return <span className={`badge ${TONES[trade.status] ?? ""}`}>{words(trade.exit_reason)}</span>;
}

/** A time in the reader's zone, in full when pointed at. */
export function Time({ at }: { at: string | null | undefined }) {
  useToday();
  return (
    <time dateTime={at ?? undefined} title={fullMoment(at)} className="num">
      {moment(at)}
    </time>
  );
}
