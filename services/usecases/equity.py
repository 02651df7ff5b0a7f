"""Equity of an account at the last quotes."""

from collections.abc import Mapping
from decimal import Decimal

from services.db import positions
from services.db.accounts import Account
from services.db.pool import Connection
from services.domain.equity import Equity, Position, marked
from services.domain.errors import Unavailable
from services.domain.market import Market, Quote
from services.domain.plan import Direction
from services.usecases.context import Services


async def equity_of(services: Services, connection: Connection, account: Account) -> Equity:
    """The account's equity, marked at bid (LONG) or ask (SHORT).

    Where there is no quote, at the last close that was judged; without that either, a position counts as unchanged.
    """
    held = await positions.open_positions(connection, account.id)
    quotes: dict[tuple[Market, str], Quote] = {}
    for market in {position.market for position, _ in held}:
        symbols = {position.symbol for position, _ in held if position.market is market}
        try:
            found = await services.prices.many(market, symbols)
        except Unavailable:
            continue
        quotes |= {(market, symbol): quote for symbol, quote in found.items()}
    priced = [(position, price_of(position, quotes, last_close)) for position, last_close in held]
    return marked(account.balance, priced)


def price_of(position: Position, quotes: Mapping[tuple[Market, str], Quote], last_close: Decimal | None) -> Decimal:
    """What the position is marked at: bid or ask, else the last judged close, else its own mean entry price."""
    quote = quotes.get((position.market, position.symbol))
    if quote is not None:
        return quote.bid if position.direction is Direction.LONG else quote.ask
    return last_close or position.cost / position.quantity
