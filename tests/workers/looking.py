"""What an operator sees of the queues, asked of Redis anew each time."""

from redis.asyncio import Redis

from services.coordination import queues
from services.coordination.queues import DeadLetter, QuarantinedMessage, QueueDepth


async def depth(redis_url: str, queue: str = "work") -> QueueDepth:
    async with Redis.from_url(redis_url) as redis:
        return (await queues.depths(redis, [queue]))[0]


async def dead_letters(redis_url: str, queue: str = "work") -> list[DeadLetter]:
    async with Redis.from_url(redis_url) as redis:
        return await queues.dead_letters(redis, [queue])


async def died(redis_url: str, count: int) -> bool:
    """Whether so many messages of the queue `work` are dead letters."""
    return (await depth(redis_url)).dead == count


async def quarantined(redis_url: str) -> list[QuarantinedMessage]:
    async with Redis.from_url(redis_url) as redis:
        return await queues.quarantined(redis)
