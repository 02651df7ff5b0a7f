"""Stream tickets: one use, a minute at most, for readers that cannot send a header. Only their hash is kept."""

from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.credentials import digest

TICKET_SECONDS = 60


async def keep(redis: Redis, ticket: str, via: str) -> None:
    """Keep the credential that `ticket` stands for: its name, of which no right comes. Raises Unavailable."""
    with unavailable_without_redis():
        await redis.set(_key(ticket), via, ex=TICKET_SECONDS)


async def take(redis: Redis, ticket: str) -> str | None:
    """The credential that `ticket` stands for; it is used up. None if unknown, used or too old. Raises Unavailable."""
    with unavailable_without_redis():
        value = await redis.getdel(_key(ticket))
    return None if value is None else as_bytes(value).decode()


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket).hex()}"
