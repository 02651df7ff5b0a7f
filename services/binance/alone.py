"""Request weight of one process that runs without a fleet, on the exchange's own limits. Nothing is shared."""

import time
from collections import deque
from collections.abc import Mapping

from services.domain.market import Market

WINDOW_SECONDS = 65.0
"""A little over the exchange's minute: its clock is not ours."""

FIRST_BACKOFF_SECONDS = 30.0


class AloneWeight:
    """A window that slides over the last minute, a share of the limits below which other programs find room, too."""

    def __init__(self, limits: Mapping[Market, int], share: float = 0.5) -> None:
        self._budgets = {market: int(limit * share) for market, limit in limits.items()}
        self._spent: dict[Market, deque[tuple[float, int]]] = {market: deque() for market in limits}
        self._used = dict.fromkeys(limits, 0)
        self._paused_until = dict.fromkeys(limits, 0.0)

    async def acquire(self, market: Market, weight: int, purpose: str) -> float:
        """0 when `weight` is spent, else the seconds to wait. The purpose does not matter: there is only one."""
        now, spent = time.monotonic(), self._spent[market]
        if now < self._paused_until[market]:
            return self._paused_until[market] - now
        while spent and spent[0][0] <= now - WINDOW_SECONDS:
            self._used[market] -= spent.popleft()[1]
        if self._used[market] + weight > self._budgets[market]:
            return spent[0][0] + WINDOW_SECONDS - now
        spent.append((now, weight))
        self._used[market] += weight
        return 0.0

    def report_used(self, market: Market, used: int) -> None:
        """The exchange's own count; ours is stricter."""

    async def pause(self, market: Market, seconds: float | None, reason: str) -> float:
        """Ask nothing for `seconds`; the seconds it came to."""
        length = FIRST_BACKOFF_SECONDS if seconds is None else seconds
        self._paused_until[market] = max(self._paused_until[market], time.monotonic() + length)
        return length
