"""Mend what waits in Redis: dead letters, and what is in quarantine. The audit log tells what there was.

Its row is written first and kept only if the deed is done: Redis and PostgreSQL share no transaction, and a deed
without its row would be worse than an error after a deed.
"""

from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from services.coordination import quarantine, queues
from services.db import audit
from services.domain.errors import NotFound
from services.usecases.context import Services

Deed = Callable[[Redis, str], Awaitable[bool]]


async def retry_letter(services: Services, letter: str) -> None:
    """Send a dead letter on its way again. Raises NotFound, Unavailable."""
    await _mend_letter(services, "retry", letter, queues.retry)


async def drop_letter(services: Services, letter: str) -> None:
    """Forget a dead letter. Raises NotFound, Unavailable."""
    await _mend_letter(services, "delete", letter, queues.drop)


async def clear_messages(services: Services) -> None:
    """Forget the quarantined messages; the audit log keeps the newest. Raises Unavailable."""
    found = await queues.quarantined(services.redis)
    async with services.system_pool.connection() as connection:
        await audit.note(connection, "delete", "quarantined_messages", "", before=found)
        await queues.clear_quarantine(services.redis)


async def drop_price(services: Services, key: str) -> None:
    """Forget a quarantined price. Raises NotFound, Unavailable."""
    await _mend_price(services, "delete", key, quarantine.drop)


async def believe_price(services: Services, key: str) -> None:
    """Believe a quarantined price when it is told next. Raises NotFound, Unavailable."""
    await _mend_price(services, "believe", key, quarantine.believe)


async def _mend_letter(services: Services, action: str, letter: str, deed: Deed) -> None:
    before = await queues.dead_letter(services.redis, letter)
    if not await _done(services, action, "dead_letters", letter, before, deed):
        raise NotFound("no_such_dead_letter", f"there is no dead letter {letter}", field="id")


async def _mend_price(services: Services, action: str, key: str, deed: Deed) -> None:
    before = await quarantine.read(services.redis, key)
    if not await _done(services, action, "quarantined_prices", key, before, deed):
        raise NotFound("no_such_price", f"no price {key} is in quarantine", field="key")


async def _done(services: Services, action: str, subject: str, id_: str, before: object | None, deed: Deed) -> bool:
    """Whether it was still there to be mended."""
    if before is None:
        return False
    async with services.system_pool.connection() as connection:
        await audit.note(connection, action, subject, id_, before=before)
        if not await deed(services.redis, id_):
            await connection.rollback()
            return False
    return True
