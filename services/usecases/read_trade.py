"""Read trades as people see them: the stored state, and for open ones what they would bring at the last quote."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from services.db import revisions, trades
from services.db.revisions import Revision
from services.db.trades import Stored
from services.domain.errors import Conflict, NotFound, Unavailable
from services.domain.market import Market, Quote
from services.domain.profit import unrealized_profit
from services.domain.trade import Trade
from services.domain.view import TradeView, view_into
from services.usecases.context import Services

_PERCENT_STEP = Decimal("0.0001")


class LiveTradeView(TradeView, frozen=True, kw_only=True):
    """A trade and the market's last word on it. The fields added here are null unless it is OPEN and has a quote.

    unrealized_profit_loss = what closing at bid (LONG) or ask (SHORT) would leave after both fees, in USDT.
    unrealized_profit_loss_percentage = 100 x unrealized_profit_loss / margin.
    """

    current_price: Decimal | None = None
    price_age_seconds: float | None = None
    unrealized_profit_loss: Decimal | None = None
    unrealized_profit_loss_percentage: Decimal | None = None


async def read_trade(services: Services, account_ids: Sequence[int], trade_id: int) -> LiveTradeView:
    """The trade with this id. Raises NotFound unless it belongs to one of the accounts."""
    return (await with_quotes(services, [await find_trade(services, account_ids, trade_id)]))[0]


async def read_revisions(
    services: Services, account_ids: Sequence[int], trade_id: int, limit: int, after: int | None
) -> tuple[list[Revision], int | None]:
    """At most `limit` moves of the trade's stop and targets after the version `after`, and the version to go on from.

    Raises NotFound unless the trade belongs to one of the accounts.
    """
    await find_trade(services, account_ids, trade_id)
    async with services.pool.connection() as connection:
        found = await revisions.of_trade(connection, trade_id, limit + 1, after)
    return found[:limit], found[limit - 1].version if len(found) > limit else None


async def find_trade(services: Services, account_ids: Sequence[int], trade_id: int) -> Stored:
    """The trade as stored. Raises NotFound unless it belongs to one of the accounts."""
    found = await trades.load_one(services.pool, trade_id)
    if found is None or found.trade.account_id not in account_ids:
        raise NotFound("no_such_trade", f"there is no trade {trade_id}", field="id")
    return found


def check_version(trade: Trade, version: int | None) -> None:
    """Raises Conflict with the trade's state where somebody has read another version of it than this one."""
    if version is not None and version != trade.version:
        raise conflict(trade, f"is at version {trade.version}, not {version}: read it again")


def conflict(trade: Trade, why: str) -> Conflict:
    """The refusal of what the trade's state does not allow."""
    return Conflict(
        "trade_state",
        f"trade {trade.id} {why}",
        field="status",
        numbers={"status": trade.status, "version": trade.version},
    )


async def with_quotes(services: Services, stored: Sequence[Stored]) -> list[LiveTradeView]:
    """The trades in the order given, the open ones priced. A price cache that is away only leaves the fields null."""
    wanted: dict[Market, set[str]] = {}
    for each in stored:
        if each.trade.entry is not None and each.trade.exit is None:
            wanted.setdefault(each.trade.instrument.market, set()).add(each.trade.instrument.symbol)
    quotes: dict[tuple[Market, str], Quote] = {}
    for market, symbols in wanted.items():
        try:
            found = await services.prices.many(market, symbols)
        except Unavailable:
            continue
        quotes |= {(market, symbol): quote for symbol, quote in found.items()}
    now = datetime.now(UTC)
    return [
        _live(each, quotes.get((each.trade.instrument.market, each.trade.instrument.symbol)), now) for each in stored
    ]


def _live(stored: Stored, quote: Quote | None, now: datetime) -> LiveTradeView:
    net = None if quote is None else unrealized_profit(stored.trade, quote.bid, quote.ask)
    view = view_into(LiveTradeView, stored.trade, stored.updated_at)
    if quote is None or net is None:
        return view
    return msgspec.structs.replace(
        view,
        current_price=quote.last,
        price_age_seconds=round((now - quote.asked_at).total_seconds(), 3),
        unrealized_profit_loss=net,
        unrealized_profit_loss_percentage=(100 * net / view.margin).quantize(_PERCENT_STEP),
    )
