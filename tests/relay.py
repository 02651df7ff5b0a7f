"""A port in front of a server that has only a unix socket."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable


@contextlib.asynccontextmanager
async def relay(
    socket: str,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    first: Callable[[bytes], bytes] | None = None,
) -> AsyncIterator[int]:
    """The port (0: a free one) at which the server behind `socket` is reached, by TLS where that is given.

    `first` is what becomes of the first thing that a client says.
    """

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(socket)
        if first is not None:
            far_writer.write(first(await reader.read(65536)))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(connect, host, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
