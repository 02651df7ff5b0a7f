"""A connection as uvicorn speaks HTTP on it, with what it lacks: heads are bounded, and a handler can cut its own."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.events import ABORT_EXTENSION

HEAD_BYTES_MAX = 64 * 1024
"""A request's line and headers; what arrives in one read with the end of them may be a read more."""
HEAD_SECONDS = 20.0
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n"
    b"Cache-Control: no-store\r\n\r\n"
)


class Protocol(HttpToolsProtocol):
    """Ends a connection whose next request takes more than `head_seconds` or HEAD_BYTES_MAX to say what it wants.

    A handler cuts its own by the extension: closing it would wait for a reader that does not read.
    """

    head_seconds = HEAD_SECONDS
    scope: Any
    _head_bytes = 0
    _in_head = False
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Wait for the first request, as long as for a next one."""
        super().connection_made(transport)
        self._wait(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._wait_no_longer()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head has no end."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._head_bytes == 0:
            self._wait(self.head_seconds)
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request with our extension in its scope."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self.scope["extensions"] = {ABORT_EXTENSION: {"abort": self.transport.abort}}

    def on_headers_complete(self) -> None:
        """Answer it."""
        self._in_head = False
        self._wait_no_longer()
        super().on_headers_complete()

    def _wait(self, seconds: float) -> None:
        self._wait_no_longer()
        self._patience = self.loop.call_later(seconds, self.transport.abort)

    def _wait_no_longer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
