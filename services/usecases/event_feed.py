"""Feed streams to readers: the events after a cursor, and where a new reader starts."""

from collections.abc import Iterable

from services.db import event_log, instruments, positions
from services.db.event_log import Cursors, Page
from services.db.market_events import STREAM as MARKET_STREAM
from services.domain.market import Market
from services.usecases.context import Services

POSITIONS_MAX = 1000
"""Live prices follow this many of an account's newest live trades: more than a screen shows."""


def streams_of(account_ids: Iterable[int]) -> list[str]:
    """The streams that somebody with these accounts may read."""
    return [*sorted(f"a{id_}" for id_ in account_ids), MARKET_STREAM]


async def read_events(services: Services, after: Cursors, limit: int) -> Page:
    """At most `limit` events of each stream after its cursor, in order, with the epoch and the streams' heads."""
    async with services.pool.connection() as connection:
        return await event_log.read(connection, after, limit)


async def oldest_cursors(services: Services, streams: list[str]) -> dict[str, int]:
    """By stream, the cursor before everything that is still kept."""
    async with services.pool.connection() as connection:
        return await event_log.oldest(connection, streams)


async def position_pairs(services: Services, account_ids: Iterable[int]) -> set[tuple[Market, str]]:
    """The pairs of the accounts' newest live trades."""
    async with services.pool.connection() as connection:
        return await positions.newest(connection, list(account_ids), POSITIONS_MAX)


async def listed_pairs(services: Services) -> frozenset[tuple[Market, str]]:
    """Every pair that is not delisted."""
    async with services.pool.connection() as connection:
        return frozenset(
            [(market, each.symbol) for market in Market for each in await instruments.listed(connection, market)]
        )
