/** The columns of the table of closed trades. */
import { ExitReason, Side, Time, TradeLink } from "@/components/trade/labels";
import { tone } from "@/components/ui/card";
import type { Column } from "@/components/ui/table";
import type { Trade } from "@/lib/api/types";
import { DASH, duration, money, price, ratio, signed, signedPercent } from "@/lib/format";
import { heldSeconds, multiple } from "@/lib/trades";

const number = (value: string | null | undefined) => (value == null ? null : Number(value));

export const COLUMNS: readonly Column<Trade>[] = [
  {
    id: "closed",
    head: "Closed",
    width: "108px",
    phone: "76px",
    sort: (t) => Date.parse(t.exit_time ?? t.updated_at),
    cell: (t) => <Time at={t.exit_time ?? t.updated_at} />,
  },
  {
    id: "symbol",
    head: "Pair",
    width: "minmax(112px, 1.2fr)",
    phone: "minmax(94px, 1fr)",
    sort: (t) => t.symbol,
    cell: (t) => <TradeLink trade={t} />,
  },
  {
    id: "side",
    head: "Side",
    width: "86px",
    sort: (t) => t.direction,
    cell: (t) => <Side direction={t.direction} leverage={t.leverage} />,
  },
  {
    id: "end",
    head: "Ended by",
    width: "108px",
    phone: "96px",
    sort: (t) => t.exit_reason ?? t.status,
    cell: (t) => <ExitReason trade={t} />,
  },
  {
    id: "entry",
    head: "Entry",
    width: "minmax(84px, 1fr)",
    right: true,
    cell: (t) => <span className="num">{price(t.entry_price, t.symbol_detail.tick_size)}</span>,
  },
  {
    id: "exit",
    head: "Exit",
    width: "minmax(84px, 1fr)",
    right: true,
    cell: (t) => <span className="num">{price(t.exit_price, t.symbol_detail.tick_size)}</span>,
  },
  {
    id: "profit",
    head: "Result",
    width: "minmax(84px, 1fr)",
    phone: "78px",
    right: true,
    sort: (t) => number(t.profit_loss),
    cell: (t) => <span className={`num strong ${tone(t.profit_loss)}`}>{signed(t.profit_loss)}</span>,
  },
  {
    id: "percent",
    head: "On margin",
    width: "92px",
    right: true,
    sort: (t) => number(t.profit_loss_percentage),
    cell: (t) => <span className={`num ${tone(t.profit_loss)}`}>{signedPercent(t.profit_loss_percentage)}</span>,
  },
  {
    id: "r",
    head: "R",
    width: "66px",
    right: true,
    sort: multiple,
    cell: (t) => (
      <span className={`num ${tone(multiple(t))}`}>{multiple(t) === null ? DASH : signed(multiple(t))}</span>
    ),
  },
  {
    id: "fees",
    head: "Fees",
    width: "66px",
    right: true,
    sort: (t) => number(t.fees),
    cell: (t) => <span className="num soft">{money(t.fees)}</span>,
  },
  {
    id: "held",
    head: "Held",
    width: "80px",
    right: true,
    sort: (t) => heldSeconds(t, 0),
    cell: (t) => <span className="num">{duration(heldSeconds(t, 0))}</span>,
  },
  {
    id: "rr",
    head: "Plan R:R",
    width: "80px",
    right: true,
    sort: (t) => number(t.risk_reward_ratio),
    cell: (t) => <span className="num soft">{ratio(t.risk_reward_ratio)}</span>,
  },
  {
    id: "source",
    head: "Source",
    width: "minmax(92px, 0.8fr)",
    sort: (t) => t.source,
    cell: (t) => <span className="soft">{t.source}</span>,
  },
];
