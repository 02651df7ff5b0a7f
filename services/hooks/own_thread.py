"""Blocking work of others, a thread for each piece: what hangs keeps nothing but itself from going on.

A pool would be full of what hangs, and the process would wait for it before it ends.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def in_own_thread(work: Callable[[], Result]) -> Future[Result]:
    """What will have come of `work`, begun now in a thread that does not outlive the process."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again where the future is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="hooks", daemon=True).start()
    return future
