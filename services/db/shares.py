"""Of the connections that serve callers nobody holds all: what one asks beyond that waits for that one's own."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Shares:
    """So many of a pool's connections each caller may hold at a time."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._held: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, caller: Hashable) -> AsyncIterator[None]:
        """Inside the context the caller holds one of theirs; waits while they hold all, first come first served."""
        held = self._held.get(caller)
        if held is None:
            held = self._held[caller] = asyncio.Semaphore(self._each)
        async with held:
            yield
