"""The clock that the fleet shares is Redis': what one process stamps and another compares is told in its time.

Clocks of machines differ, by minutes where NTP is broken. So a time is Redis' in whatever lies in Redis, and this
machine's in the memory of a process: it is turned where it passes from one to the other.
"""

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

AGE_SECONDS_MAX = 10.0
"""After this long the clock is asked for again: it may be another server's since, or have been set."""
ROUND_TRIP_SECONDS_MAX = 0.5
"""An answer that took longer tells the time too badly to replace an earlier one, unless that is old itself."""
OLD_SECONDS = 120.0


SAME_SECONDS = 0.05
"""Clocks this close are the same, beside what an answer's way may have taken."""


class _Told(NamedTuple):
    """Redis' time (seconds since 1970) at a monotonic time, and by how many seconds it may be wrong."""

    seconds: float
    at: float
    error: float


class SharedClock:
    """How far Redis' clock is ahead of this machine's, as last told; nothing, until it has been told.

    Nothing, too, as long as they differ by less than the measuring may be wrong: on machines whose clocks are right,
    times stay what they are.

    Between two answers it goes on by `monotonic`, so that a step of this machine's clock (`wall`, seconds since 1970)
    is seen at once. It may be used by several threads.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._told: _Told | None = None
        self._due_at = -float("inf")

    def begin(self) -> float | None:
        """None while the last answer is young enough; else `told` is to be given an answer and this value."""
        now = self._monotonic()
        if now < self._due_at:
            return None
        self._due_at = now + AGE_SECONDS_MAX  # before the answer: if there is none, nobody waits for another
        return now

    def told(self, answer: tuple[int, int], begun: float) -> None:
        """Redis' answer to TIME (seconds and microseconds), asked for at `begun`."""
        now = self._monotonic()
        if self._told is not None and now - begun > ROUND_TRIP_SECONDS_MAX and now - self._told.at < OLD_SECONDS:
            return
        self._told = _Told(answer[0] + answer[1] / 1e6, (begun + now) / 2, (now - begun) / 2 + SAME_SECONDS)

    def ahead(self) -> timedelta:
        """What is to be added to this machine's time to have Redis'."""
        if self._told is None:
            return timedelta(0)
        seconds = self._told.seconds + self._monotonic() - self._told.at - self._wall()
        return timedelta(milliseconds=round(1000 * seconds) if abs(seconds) > self._told.error else 0)


async def ahead(redis: Redis, clock: SharedClock) -> timedelta:
    """As `SharedClock.ahead`, asked for when that is due. While Redis is away the last answer holds."""
    if (begun := clock.begin()) is not None:
        with contextlib.suppress(RedisError):
            clock.told(await redis.time(), begun)
    return clock.ahead()
