"""Stream tickets: one use, half a minute at most, for readers that cannot send a header. Only their hash is kept."""

import msgspec
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis
from services.domain.credentials import ANYTHING, Channels, digest

TICKET_SECONDS = 30


async def keep(redis: Redis, ticket: str, via: str, channels: Channels) -> None:
    """Keep the name, of which no right comes, of the credential that `ticket` stands for, and what it is for.

    Raises Unavailable.
    """
    value = via if channels == ANYTHING else f"{via}\n{_encode(channels).decode()}"
    with unavailable_without_redis():
        await redis.set(_key(ticket), value, ex=TICKET_SECONDS)


async def take(redis: Redis, ticket: str) -> tuple[str, Channels] | None:
    """The credential that `ticket` stands for, and what it is for; it is used up.

    None if unknown, used or too old. Raises Unavailable.
    """
    with unavailable_without_redis():
        value = await redis.getdel(_key(ticket))
    if value is None:
        return None
    via, _, channels = as_bytes(value).decode().partition("\n")
    return via, _decode(channels) if channels else ANYTHING


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Channels).decode


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket).hex()}"
