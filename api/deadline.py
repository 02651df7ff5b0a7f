"""No request waits for ever: whoever has had no answer begun in time is told to try again."""

import asyncio

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from services.domain.errors import Unavailable

REQUEST_SECONDS = 10.0
"""Longer than any wait of ours for a lock, a path or a pooled connection."""
SECONDS = "deadline_seconds"
"""The option by which a route that works through a large body has longer."""


class Deadline(ASGIMiddleware):
    """Answers in place of a handler that hangs, as on a database that is frozen. Answers under way may take their time.

    The handler is cancelled, but not waited for: giving up a query on a server that does not react takes seconds.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float = REQUEST_SECONDS) -> None:
        self._seconds = seconds
        self._abandoned: set[asyncio.Task[None]] = set()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on. Raises Unavailable when no answer has begun in time, or before the server ends."""
        begun = abandoned = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            if not abandoned:
                await send(message)

        seconds = max(self._seconds, scope["route_handler"].opt.get(SECONDS, 0))
        work = asyncio.ensure_future(next_app(scope, receive, watched))
        try:
            await asyncio.wait({work}, timeout=seconds)
            if begun or work.done():
                await work
                return
        except asyncio.CancelledError:
            # Only the server cancels, when its grace is over: what has no answer yet is told so, and not with a 500.
            if begun:
                raise
            raise Unavailable("this process ends before there is an answer: ask again") from None
        finally:
            if not work.done():
                abandoned = True
                work.cancel()
                self._abandoned.add(work)
                work.add_done_callback(self._forget)
        raise Unavailable(f"no answer within {seconds:g} s")

    def _forget(self, work: "asyncio.Task[None]") -> None:
        self._abandoned.discard(work)
        if not work.cancelled():
            work.exception()  # nobody is left to hear of it
