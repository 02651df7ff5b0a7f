/** The columns of the table of open trades. */
import { TradeActions } from "@/components/trade/actions";
import { Side, Status, TradeLink } from "@/components/trade/labels";
import { Distances, Held, LivePercent, LivePrice, LiveProfit, Reach } from "@/components/trade/live";
import type { Column } from "@/components/ui/table";
import type { Trade } from "@/lib/api/types";
import { money, price } from "@/lib/format";
import { prices } from "@/lib/stream/prices";
import { pairOf, unrealized, unrealizedPercent } from "@/lib/trades";

const profitNow = (trade: Trade) => unrealized(trade, prices.get(pairOf(trade)));

export const COLUMNS: readonly Column<Trade>[] = [
  {
    id: "symbol",
    head: "Pair",
    width: "minmax(108px, 1.2fr)",
    phone: "minmax(84px, 1fr)",
    sort: (t) => t.symbol,
    cell: (t) => <TradeLink trade={t} />,
  },
  {
    id: "side",
    head: "Side",
    width: "86px",
    phone: "84px",
    sort: (t) => t.direction,
    cell: (t) => <Side direction={t.direction} leverage={t.leverage} />,
  },
  { id: "status", head: "State", width: "76px", sort: (t) => t.status, cell: (t) => <Status status={t.status} /> },
  {
    id: "entry",
    head: "Entry",
    width: "minmax(84px, 1fr)",
    right: true,
    cell: (t) => <span className="num">{price(t.entry_price, t.symbol_detail.tick_size)}</span>,
  },
  { id: "now", head: "Price", width: "minmax(84px, 1fr)", right: true, cell: (t) => <LivePrice trade={t} /> },
  {
    id: "profit",
    head: "Result",
    width: "minmax(84px, 1fr)",
    phone: "72px",
    right: true,
    sort: profitNow,
    live: true,
    cell: (t) => <LiveProfit trade={t} />,
  },
  {
    id: "percent",
    head: "On margin",
    width: "88px",
    right: true,
    sort: (t) => unrealizedPercent(t, profitNow(t)),
    live: true,
    cell: (t) => <LivePercent trade={t} />,
  },
  {
    id: "reach",
    head: "Stop to target",
    width: "minmax(110px, 1.6fr)",
    phone: "minmax(60px, 1fr)",
    cell: (t) => <Reach trade={t} />,
  },
  { id: "away", head: "Away", width: "122px", right: true, cell: (t) => <Distances trade={t} /> },
  {
    id: "margin",
    head: "Margin",
    width: "80px",
    right: true,
    sort: (t) => Number(t.margin),
    cell: (t) => <span className="num">{money(t.margin)}</span>,
  },
  {
    id: "held",
    head: "Held",
    width: "76px",
    right: true,
    sort: (t) => (t.entry_time ? -Date.parse(t.entry_time) : null),
    cell: (t) => <Held trade={t} />,
  },
  {
    id: "source",
    head: "Source",
    width: "88px",
    sort: (t) => t.source,
    cell: (t) => <span className="soft">{t.source}</span>,
  },
  { id: "actions", head: "", width: "44px", phone: "44px", right: true, cell: (t) => <TradeActions trade={t} /> },
];
