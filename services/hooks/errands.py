"""Work that outlives the message that began it: bounded, one of a kind at a time, ended with the process."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import structlog

from services import endings

AT_ONCE_MAX = 32

log = structlog.get_logger(__name__)


class Errands:
    """Tasks by key, on one event loop. `name` tells this process's from those of others."""

    def __init__(self, at_once_max: int = AT_ONCE_MAX) -> None:
        self.name = str(uuid4())
        self._at_once_max = at_once_max
        self._running: dict[int, asyncio.Task[None]] = {}

    @property
    def free(self) -> int:
        """How many more may be started."""
        return self._at_once_max - len(self._running)

    @property
    def keys(self) -> list[int]:
        """What is running."""
        return list(self._running)

    def start(self, key: int, work: Coroutine[Any, Any, None]) -> None:
        """Begin `work`; nothing else with this key may be running."""
        assert key not in self._running
        task = asyncio.create_task(work)
        self._running[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    async def settle(self, seconds: float) -> None:
        """Wait until all have ended, at most so long."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=seconds)

    async def close(self) -> None:
        """Cancel what is running and wait for its end."""
        await endings.end(list(self._running.values()))

    def _ended(self, key: int, task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("errand_failed", key=key, exc_info=error)
