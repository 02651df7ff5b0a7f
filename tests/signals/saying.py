"""Signals as tests say them, and what is stored of them."""

from decimal import Decimal

import psycopg

from services.db import accounts
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.signal import NewSignal
from services.domain.source import SourceSettings
from services.usecases.context import Services
from services.usecases.sources import ensure_source
from services.usecases.store_signals import Incoming


async def price(services: Services, symbol: str = "BTCUSDT") -> Decimal:
    return (await services.prices.one(Market.FUTURES, symbol)).last


async def says(services: Services, symbol: str = "BTCUSDT", **changes: object) -> NewSignal:
    """A LONG that neither stop nor target will reach soon."""
    last = await price(services, "BTCUSDT" if symbol == "NONEUSDT" else symbol)
    fields = {"direction": Direction.LONG, "stop_loss": last * 8 / 10, "take_profit": last * 2} | changes
    return NewSignal(market_type=Market.FUTURES, symbol=symbol, **fields)


def coming(*signals: NewSignal, key: str | None = None) -> list[Incoming]:
    return [Incoming(b"", signal, key=key) for signal in signals]


async def source_id(services: Services, name: str = "mine", *, followed: bool = False, **settings: object) -> int:
    """A source of the local owner; `followed` by their account."""
    async with services.pool.connection() as connection:
        owner = await accounts.local_owner(connection)
    account_id = owner.account_id if followed else None
    source = await ensure_source(services, owner.user_id, name, SourceSettings(**settings), followed_by=account_id)
    return source.id


def rows(services: Services, query: str, *values: object) -> list[tuple]:
    with psycopg.connect(services.settings.database_url) as connection:
        return connection.execute(query, list(values)).fetchall()
