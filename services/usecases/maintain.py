"""Housekeeping: partitions ahead of time, retention, and the books reconciled."""

import structlog

from services.coordination import doorbell
from services.db import acting, books, candles, clock, market_events, reconcile, results, retention, trade_partitions
from services.usecases.context import Services
from services.usecases.keep_courses import keep_due

log = structlog.get_logger(__name__)


async def maintain(services: Services) -> None:
    """Make tomorrow's partitions, forget what is beyond its age, and merge what closings have added to the results."""
    async with services.pool.connection() as connection:
        await retention.make_partitions(connection)
        await retention.forget(connection)
        await candles.forget_others(connection, services.settings.timeframes)
        await results.merge(connection)
        await trade_partitions.take_stock(connection)
    await keep_due(services)  # so that nobody who asks waits for a long history to be read


async def reconcile_books(services: Services) -> dict[str, list[str]]:
    """The differences between balances, ledger, events and triggers; kept, and told to the market stream if any."""
    async with services.pool.connection() as connection:
        found = await reconcile.differences(connection)
        at = await clock.transaction_time(connection)
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        await books.keep(connection, at, found)
    for check, rows in found.items():
        log.error("books_differ", check=check, rows=rows)
    if found:
        async with services.pool.connection() as connection:
            await market_events.append(
                connection, [("system", "books_differ", {"check": check}) for check in sorted(found)]
            )
        await doorbell.ring(services.redis, [market_events.STREAM])
    return found
