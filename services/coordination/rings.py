"""Rings: a touch has its symbol fetched at once, then ever more seldom while it stays undecided.

Some touches cannot be decided before their minute ends: a fill, a partial exit, a trade that waits for finer data that
the budget does not give. Rung for with every sweep, a handful of those use up the slice of the weight that every new
touch needs.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from services.coordination.scripts import script, unavailable_without_redis
from services.domain.market import Market

COUNT_KEPT = 2
"""How many of the longest waits a touch is remembered for; after that it is new."""


class Touched(NamedTuple):
    """A symbol whose price is at or beyond a barrier, and which: a new barrier is a new touch."""

    symbol: str
    barrier: str


async def claim(redis: Redis, market: Market, touches: Sequence[Touched], waits_seconds: Sequence[float]) -> list[str]:
    """The symbols that the caller is to ring for now, each once; they are nobody else's.

    After the n-th ring for a touch nobody rings for it for the n-th wait, the last one from then on. Raises
    Unavailable.
    """
    if not touches:
        return []
    names = [f"ring:{market}:{touch.symbol}:{touch.barrier}" for touch in touches]
    waits = [math.ceil(wait * 1000) for wait in waits_seconds]
    with unavailable_without_redis():
        answers = await script(redis, "claim_rings")(
            keys=[key for name in names for key in (name, f"{name}:count")], args=[COUNT_KEPT * max(waits), *waits]
        )
    return list(dict.fromkeys(touch.symbol for touch, mine in zip(touches, answers, strict=True) if mine))
