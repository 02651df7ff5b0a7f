"""Request weight: counted per exchange minute, refused with 429 when used up, banned with 418 for not backing off."""

import math
import time
from collections import Counter
from typing import NamedTuple

from deploy.simulator.clock import Clock
from deploy.simulator.errors import ApiError
from services.domain.market import Market

MINUTE_MS = 60_000
TRIES_BEFORE_BAN = 20
FIRST_BAN_MS = 120_000
KEPT_MINUTES = 120


class Violation(NamedTuple):
    """A request that came although the exchange had said to wait."""

    path: str
    status: int
    after_ms: int
    """Wall time since the answer that told to wait was given."""
    left_ms: int
    """Wall time that was still to be waited."""


class Limiter:
    """The weight of one market (or one pool of it), for one address."""

    def __init__(self, market: Market, clock: Clock, limit: int, window_ms: int = MINUTE_MS) -> None:
        self._market = market
        self._clock = clock
        self._limit = limit
        self._window_ms = window_ms
        self._window = -1
        self._waiting_from = 0.0
        self._waiting_until = 0.0
        self._tries = 0
        self._banned_until = 0
        self._bans = 0
        self.used = 0
        self.used_by_minute: Counter[int] = Counter()
        self.violations: list[Violation] = []

    def charge(self, path: str, weight: int) -> None:
        """Counts one request. Raises ApiError 429 or 418 when it is refused."""
        elapsed = self._clock.elapsed()
        window = elapsed // self._window_ms
        if window != self._window:
            self._window, self.used, self._tries = window, 0, 0
            self._forget()
        self._note_violation(path, elapsed)
        if elapsed < self._banned_until:
            raise self._banned(elapsed)
        self.used += weight
        self.used_by_minute[window] += weight
        if self.used > self._limit:
            self._tries += 1
            if self._tries > TRIES_BEFORE_BAN:
                raise self.ban(min(FIRST_BAN_MS << self._bans, 3 * 86_400_000))
            raise self.refuse((window + 1) * self._window_ms - elapsed)

    def refuse(self, left_ms: int) -> ApiError:
        """A 429 that asks to wait `left_ms` of exchange time."""
        text = (
            f"Too much request weight used; current limit is {self._limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
            if self._market is Market.SPOT
            else f"Too many requests; current limit is {self._limit} requests per minute. "
            "Please use the websocket for live updates to avoid polling the API."
        )
        return ApiError(429, -1003, text, self._wait(left_ms))

    def ban(self, length_ms: int) -> ApiError:
        """Starts a ban of `length_ms` of exchange time; the 418 that tells it."""
        elapsed = self._clock.elapsed()
        self._banned_until = elapsed + length_ms
        self._bans += 1
        self._tries = 0
        return self._banned(elapsed)

    def _banned(self, elapsed: int) -> ApiError:
        until = self._clock.now() + self._banned_until - elapsed
        text = (
            f"Way too much request weight used; IP banned until {until}. "
            if self._market is Market.SPOT
            else f"Way too many requests; IP banned until {until}. "
        )
        text += "Please use WebSocket Streams for live updates to avoid bans."
        return ApiError(418, -1003, text, self._wait(self._banned_until - elapsed))

    def _wait(self, left_ms: int) -> int:
        """Notes that clients were told to wait; the whole wall seconds of it, as Retry-After says them."""
        seconds = max(1, math.ceil(left_ms / 1000 / self._clock.speed))
        now = time.monotonic()
        if now >= self._waiting_until:
            self._waiting_from = now
        self._waiting_until = max(self._waiting_until, now + seconds)
        return seconds

    def _note_violation(self, path: str, elapsed: int) -> None:
        now = time.monotonic()
        if now < self._waiting_until:
            status = 418 if elapsed < self._banned_until else 429
            after, left = now - self._waiting_from, self._waiting_until - now
            self.violations.append(Violation(path, status, int(after * 1000), int(left * 1000)))

    def forgive(self) -> None:
        """Ends every wait and ban, and empties the window."""
        self._banned_until = self.used = self._tries = self._bans = 0
        self._waiting_until = 0.0

    def _forget(self) -> None:
        for window in [key for key in self.used_by_minute if key < self._window - KEPT_MINUTES]:
            del self.used_by_minute[window]
