"""Stream tickets: one use, a minute at most, for readers that cannot send a header. Only their hash is kept."""

from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.credentials import digest

TICKET_SECONDS = 60


async def keep(redis: Redis, ticket: str, value: bytes) -> None:
    """Keep what `ticket` stands for. Raises Unavailable."""
    with unavailable_without_redis():
        await redis.set(_key(ticket), value, ex=TICKET_SECONDS)


async def take(redis: Redis, ticket: str) -> bytes | None:
    """What `ticket` stands for; it is used up. None if it is unknown, used or too old. Raises Unavailable."""
    with unavailable_without_redis():
        value = await redis.getdel(_key(ticket))
    return None if value is None else as_bytes(value)


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket).hex()}"
