"""A link to Valkey that fails on purpose: it goes down, and it can lose one chosen reply."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Link:
    """A loopback port in front of Valkey's unix socket; runs on a thread of its own."""

    def __init__(self, redis_url: str) -> None:
        self._socket = urlsplit(redis_url).path
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._down = False
        self._lost_content: bytes | None = None
        self.replies_lost = 0
        self.url = ""

    def down(self) -> None:
        """Cuts every connection and refuses new ones until `up`."""
        self._down = True
        self._loop.call_soon_threadsafe(self._cut)

    def up(self) -> None:
        self._down = False

    def lose_reply_with(self, content: bytes) -> None:
        """The next reply that contains `content` is dropped, and its connection cut: Valkey has done its part."""
        self._lost_content = content

    async def serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        async with server:
            with suppress(asyncio.CancelledError):
                await server.serve_forever()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        self._writers |= {writer, far_writer}

        async def requests() -> None:
            while data := await reader.read(65536):
                far_writer.write(data)

        async def replies() -> None:
            while data := await far_reader.read(65536):
                if self._lost_content is not None and self._lost_content in data:
                    self._lost_content = None
                    self.replies_lost += 1
                    break
                writer.write(data)

        tasks = [asyncio.create_task(requests()), asyncio.create_task(replies())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writers -= {writer, far_writer}
        writer.transport.abort()
        far_writer.transport.abort()


@contextmanager
def link_to(redis_url: str) -> Iterator[Link]:
    link = Link(redis_url)
    started = threading.Event()
    thread = threading.Thread(target=link._loop.run_until_complete, args=(link.serve(started),))
    thread.start()
    started.wait()
    try:
        yield link
    finally:
        link.down()
        link._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(link._loop)])
        thread.join()
        link._loop.close()
