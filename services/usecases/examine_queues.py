"""The queues, what died in them, and what is in quarantine: messages and prices."""

import msgspec
from redis.asyncio import Redis

from services.coordination import quarantine, queues
from services.coordination.queues import DeadLetter, QuarantinedMessage, QueueDepth


class Queues(msgspec.Struct, frozen=True):
    """The queues, the newest dead letters of each, and the quarantine.

    quarantined_prices are `market:symbol:minute` (epoch seconds) of jumps that wait to be repeated by the exchange.
    """

    depths: list[QueueDepth]
    dead_letters: list[DeadLetter]
    quarantined_messages: list[QuarantinedMessage]
    quarantined_prices: list[str]


async def examine_queues(redis: Redis) -> Queues:
    """All of it now. Raises Unavailable."""
    return Queues(
        await queues.depths(redis),
        await queues.dead_letters(redis),
        await queues.quarantined(redis),
        await quarantine.listed(redis),
    )
