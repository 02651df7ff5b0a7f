"""The end of tasks that would go on for ever."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 3.0
"""Longer than a task needs to put away what it holds."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel those that still run, and return when all have ended; what one of them raised stays in it.

    Once may not be enough: before Python 3.12 `asyncio.wait_for`, which the client of Redis sends with, swallows a
    cancellation that comes just as its work is done.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
