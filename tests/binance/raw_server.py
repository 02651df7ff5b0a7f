"""An HTTP server that answers with whatever bytes a test gives it, and keeps what it was asked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Responder = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = b"{}", status: int = 200, *headers: str) -> Responder:
    """A complete answer that leaves the connection open."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers]

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return respond


class RawServer:
    """Answers the next request with the next of `script`, the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Responder] = [answer()]
        self.requests: list[str] = []
        self.connections = 0
        self.url = ""
        self._open: set[asyncio.Task[None]] = set()

    @property
    def targets(self) -> list[str]:
        """Path and query of each request."""
        return [request.split(" ")[1] for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(request)
                respond = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                await respond(writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @property
    def connected(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    async def close(self) -> None:
        """Cut all connections."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    server = RawServer()
    listening = await asyncio.start_server(server._serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await server.close()
