"""Who sends X-Forwarded-* headers and is not believed: the API tells of the last one, the doctor asks."""

from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, unavailable_without_redis

KEPT_SECONDS = 3600
KEY = "processes:distrusted"


async def tell(redis: Redis, peer: str) -> None:
    """`peer` is an address. Raises Unavailable."""
    with unavailable_without_redis():
        await redis.set(KEY, peer, ex=KEPT_SECONDS)


async def told(redis: Redis) -> str | None:
    """The last one of this hour. Raises Unavailable."""
    with unavailable_without_redis():
        found = await redis.get(KEY)
    return None if found is None else as_bytes(found).decode()
