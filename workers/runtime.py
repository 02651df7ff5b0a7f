"""The event loop that a worker process runs its actors on, and the services they share."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import uvloop

Result = TypeVar("Result")

BEAT_SECONDS = 0.5


class Interrupted(Exception):
    """The process ends and the work is not done: it is to be done again, by somebody else."""


class Runtime:
    """One thread with an event loop, inside the services' context. Worker threads hand it work and wait."""

    def __init__(self) -> None:
        self.beats = 0
        """Grows about twice a second while the loop lives and nothing blocks it."""
        self.services: object = None
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stopping = asyncio.Event()
        self._working: set[asyncio.Task[Any]] = set()
        self._interrupted = False
        self._thread: threading.Thread | None = None

    def start(self, services: AbstractAsyncContextManager[object]) -> None:
        """Starts the loop and enters `services` on it; whatever that raises is raised here."""
        self._thread = threading.Thread(target=uvloop.run, args=(self._main(services),), name="event-loop", daemon=True)
        self._thread.start()
        self._started.result()

    def run(self, work: Coroutine[Any, Any, Result], *, limit_seconds: float) -> Result:
        """Runs `work` on the loop and waits for it.

        Raises TimeoutError past the limit and Interrupted after `interrupt`, the work being cancelled.
        """
        return asyncio.run_coroutine_threadsafe(self._limited(work, limit_seconds), self._started.result()).result()

    def interrupt(self) -> None:
        """Cancels the work that is under way, and lets none begin any more."""
        self._started.result().call_soon_threadsafe(self._interrupt)

    def stop(self, *, within_seconds: float | None = None) -> None:
        """Leaves the services and ends the loop; returns past the limit too, the loop being alive then."""
        self._started.result().call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join(within_seconds)

    def is_alive(self) -> bool:
        """Whether the loop's thread still runs."""
        return self._thread is not None and self._thread.is_alive()

    async def _main(self, services: AbstractAsyncContextManager[object]) -> None:
        try:
            self.services = await services.__aenter__()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in `start`
            self._started.set_exception(error)
            return
        beat = asyncio.create_task(self._beat())
        self._started.set_result(asyncio.get_running_loop())
        try:
            await self._stopping.wait()
        finally:
            beat.cancel()
            await services.__aexit__(None, None, None)

    async def _beat(self) -> None:
        while True:
            self.beats += 1
            await asyncio.sleep(BEAT_SECONDS)

    async def _limited(self, work: Coroutine[Any, Any, Result], limit_seconds: float) -> Result:
        if self._interrupted:
            work.close()
            raise Interrupted
        task = asyncio.current_task()
        assert task is not None
        self._working.add(task)
        try:
            async with asyncio.timeout(limit_seconds):
                return await work
        except BaseException as error:
            if task.cancelling():  # by `interrupt`, whatever the work makes of it; the time limit takes its own back
                raise Interrupted from error
            raise
        finally:
            self._working.discard(task)

    def _interrupt(self) -> None:
        self._interrupted = True
        for task in self._working:
            task.cancel()


_current: Runtime | None = None


def install(runtime: Runtime | None) -> None:
    """Makes `runtime` the one this process' actors run on."""
    global _current
    _current = runtime


def current_runtime() -> Runtime:
    """The process' runtime. Raises RuntimeError outside of a worker process."""
    if _current is None:
        raise RuntimeError("actors run in a worker process only")
    return _current
