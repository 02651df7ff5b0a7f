"""Work that must not take more than its share: after each run it rests, the longer the more it took."""

from redis.asyncio import Redis

from services.coordination.scripts import unavailable_without_redis


async def is_resting(redis: Redis, work: str) -> bool:
    """Whether the work still rests. Raises Unavailable when Redis is away."""
    with unavailable_without_redis():
        return bool(await redis.exists(_key(work)))


async def rest(redis: Redis, work: str, seconds: float) -> None:
    """Let the work rest from now on. Raises Unavailable when Redis is away."""
    with unavailable_without_redis():
        await redis.set(_key(work), 1, px=max(1, round(1000 * seconds)))


def _key(work: str) -> str:
    return f"rest:{work}"
