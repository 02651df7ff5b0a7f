"""How many event streams each holder has open, counted over the whole fleet: leases in Redis, on its clock.

A process says of its streams again and again that they are held; those of one that has died are free after a moment.
While Redis is away each process counts its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.coordination.scripts import script
from services.domain.errors import TooMany

LEASE_SECONDS = 15.0
"""For so long a stream is held without a word of its process: that of a process that died, or was never begun."""
ANSWER_SECONDS = 1.0
"""A stream is not kept waiting for longer by a Redis that hangs."""
_AT_ONCE = 500
_KEPT = float("inf")

log = structlog.get_logger(__name__)


class Lease(NamedTuple):
    """One stream of a holder's share."""

    holder: str
    id: str


class StreamShares:
    """The shares of holders in the streams of one process, `most` for each holder, while `told` runs."""

    def __init__(self, redis: Redis, most: int, *, seconds: float = LEASE_SECONDS) -> None:
        self._redis = redis
        self._most = most
        self._seconds = seconds
        self._hold, self._hold_on = script(redis, "hold"), script(redis, "hold_on")
        self._held: dict[Lease, float] = {}
        self._returned: list[Lease] = []
        self._bell = asyncio.Event()
        self._away_until = float("-inf")

    async def take(self, holder: str) -> Lease:
        """A stream of the holder's share, to be kept within a moment. Raises TooMany."""
        lease, own = Lease(holder, uuid4().hex), self._own(holder)
        if own < self._most:
            self._held[lease] = monotonic() + self._seconds  # before anybody else's turn: many may come at once
            own = await self._others(lease, own)
        if own >= self._most:
            self._held.pop(lease, None)
            raise TooMany("too_many_streams", f"{own} streams are open already: close one first", retry_after=5)
        return lease

    def keep(self, lease: Lease) -> None:
        """The stream has begun: it is held until it is given back."""
        self._held[lease] = _KEPT

    def give_back(self, lease: Lease) -> None:
        """The stream has ended."""
        if self._held.pop(lease, None) is not None:
            self._returned.append(lease)
            self._bell.set()

    async def told(self) -> None:
        """Tell Redis what is held here, for ever: each thing given back at once, the rest thrice in a lease."""
        while True:
            await self._tell_held()
            renewed = monotonic()
            while (left := renewed + self._seconds / 3 - monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._bell.wait()
                self._bell.clear()
                await self.tell_returned()

    async def tell_returned(self) -> None:
        """Let others have what was given back. What Redis does not hear of is free after a lease's time."""
        returned, self._returned = self._returned, []
        if returned and not self._is_away:
            async with self._asking(), self._redis.pipeline(transaction=False) as pipeline:
                for lease in returned:
                    pipeline.zrem(_key(lease), lease.id)
                await pipeline.execute()

    async def _tell_held(self) -> None:
        for lease in [lease for lease, until in self._held.items() if until < monotonic()]:
            self.give_back(lease)  # its stream never began
        kept = [lease for lease, until in self._held.items() if until == _KEPT]
        for first in range(0, len(kept), _AT_ONCE):
            if not self._is_away:
                some = kept[first : first + _AT_ONCE]
                async with self._asking():
                    await self._hold_on(
                        keys=[_key(each) for each in some], args=[self._ms, *(each.id for each in some)]
                    )

    async def _others(self, lease: Lease, own: int) -> int:
        """How many streams the holder has beside this one, in the whole fleet; `own` where Redis does not tell."""
        others = own
        if not self._is_away:
            async with self._asking():
                others = int(await self._hold(keys=[_key(lease)], args=[lease.id, self._most, self._ms]))
        return others

    def _own(self, holder: str) -> int:
        now = monotonic()
        return sum(lease.holder == holder and until > now for lease, until in self._held.items())

    @property
    def _ms(self) -> int:
        return int(1000 * self._seconds)

    @property
    def _is_away(self) -> bool:
        return monotonic() < self._away_until

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """A question to Redis. One that is not answered in time stays so, and none is asked for a moment."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                yield
        except (RedisError, TimeoutError) as error:
            log.warning("stream_shares_counted_alone", reason=str(error) or type(error).__name__)
            self._away_until = monotonic() + self._seconds / 3


def _key(lease: Lease) -> str:
    return f"streams:{lease.holder}"
