"""The event loop that a worker process runs its actors on, and the services they share."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

Result = TypeVar("Result")

BEAT_SECONDS = 0.5


class Runtime:
    """One thread with an event loop, inside the services' context. Worker threads hand it work and wait."""

    def __init__(self) -> None:
        self.beats = 0
        """Grows about twice a second while the loop lives and nothing blocks it."""
        self.services: object = None
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._stopping = asyncio.Event()
        self._thread: threading.Thread | None = None

    def start(self, services: AbstractAsyncContextManager[object]) -> None:
        """Starts the loop and enters `services` on it; whatever that raises is raised here."""
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._main(services),), name="event-loop", daemon=True
        )
        self._thread.start()
        self._started.result()

    def run(self, work: Coroutine[Any, Any, Result], *, limit_seconds: float) -> Result:
        """Runs `work` on the loop and waits for it. Raises TimeoutError past the limit, the work being cancelled."""
        return asyncio.run_coroutine_threadsafe(_limited(work, limit_seconds), self._started.result()).result()

    def stop(self) -> None:
        """Leaves the services and ends the loop."""
        self._started.result().call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()

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


async def _limited(work: Coroutine[Any, Any, Result], limit_seconds: float) -> Result:
    async with asyncio.timeout(limit_seconds):
        return await work


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
