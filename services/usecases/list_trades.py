"""List trades, newest first, a page at a time."""

import msgspec

from services.db import trade_list, trades
from services.db.trade_list import Key, TradeFilter
from services.usecases.context import Services
from services.usecases.read_trade import LiveTradeView, with_quotes


class TradePage(msgspec.Struct, frozen=True):
    """Trades in order; `next` is where the next page starts, None at the end of the list."""

    trades: list[LiveTradeView]
    next: Key | None


async def list_trades(services: Services, wanted: TradeFilter, limit: int, after: Key | None = None) -> TradePage:
    """At most `limit` of the wanted trades after `after`. A page may be short and still have a next."""
    async with services.pool.connection() as connection:
        page = await trade_list.page(connection, wanted, limit, after)
        stored = {each.trade.id: each for each in await trades.load(connection, page.ids)}
    return TradePage(await with_quotes(services, [stored[id_] for id_ in page.ids]), page.next)
