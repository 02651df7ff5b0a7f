"""Feed streams to readers: the events after a cursor, and where a new reader starts."""

from collections.abc import Collection, Iterable, Sequence

from services.db import event_log, instruments, positions, sources, user_streams
from services.db.event_log import Cursors, Page
from services.db.market_events import STREAM as MARKET_STREAM
from services.db.sources import stream_of
from services.domain.errors import NotFound
from services.domain.market import Market
from services.usecases.context import Services

POSITIONS_MAX = 1000
"""Live prices follow this many of an account's newest live trades: more than a screen shows."""


SOURCES_MAX = 50
"""How many sources one event stream follows: the newest of one's own and of the followed ones."""


def streams_of(account_ids: Iterable[int], source_ids: Iterable[int] = ()) -> list[str]:
    """The streams that somebody with these accounts and sources may read."""
    return [*sorted(f"a{id_}" for id_ in account_ids), *sorted(map(stream_of, source_ids)), MARKET_STREAM]


async def sources_to_follow(services: Services, user_ids: Collection[int]) -> dict[int, list[int]]:
    """By user, the sources whose signals concern them: their own, and those that their accounts follow."""
    async with services.pool.connection() as connection:
        return await user_streams.sources(connection, list(user_ids), SOURCES_MAX)


async def begins(services: Services, user_id: int, streams: Collection[str]) -> dict[str, int]:
    """Of these streams those that concern the user, each with the cursor before it did."""
    async with services.pool.connection() as connection:
        return await user_streams.begins(connection, user_id, streams)


async def check_readable(
    services: Services, user_id: int, account_ids: Sequence[int], source_ids: Iterable[int]
) -> None:
    """Raises NotFound for a source that somebody may not read."""
    async with services.pool.connection() as connection:
        for source_id in source_ids:
            if not await sources.may_read(connection, source_id, user_id, account_ids):
                raise NotFound("no_such_source", f"there is no source {source_id}", field="sources")


async def still_readable(services: Services, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Of these (user id, source id), those that may be read, each with whether the source concerns the user."""
    async with services.pool.connection() as connection:
        return await sources.readable(connection, wanted)


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
