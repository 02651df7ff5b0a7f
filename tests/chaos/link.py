"""A link to a server's unix socket that fails on purpose: it goes down, and it loses replies.

A lost reply is one that the server has sent: what was asked for has been done, and whoever asked cannot know.
"""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 1 << 16


class Link:
    """A loopback port in front of the unix socket at `path`; runs on a thread of its own."""

    def __init__(self, path: str, seed: int = 0) -> None:
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._down = False
        self._lost_content: bytes | None = None
        self._chance = random.Random(seed)
        self._share = 0.0
        self._silently = False
        self.replies_lost = 0
        self.port = 0
        self.url = ""

    def down(self) -> None:
        """Cuts every connection and refuses new ones until `up`."""
        self._down = True
        self._loop.call_soon_threadsafe(self._cut)

    def up(self) -> None:
        self._down = False

    def lose_reply_with(self, content: bytes, *, silently: bool = False) -> None:
        """The next reply that contains `content` is dropped, and its connection cut; see `lose`."""
        self._lost_content, self._silently = content, silently

    def lose(self, share: float, *, silently: bool = False) -> None:
        """From now on this share of replies is dropped, by chance, each with its connection.

        `silently`: the connection stays open, requests arrive, and nothing comes back on it any more.
        """
        self._share, self._silently = share, silently

    async def serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            with suppress(asyncio.CancelledError):
                await server.serve_forever()

    def end(self) -> None:
        """Cut everything and have `serve` return."""
        self.down()
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self._loop)])

    def run(self, started: threading.Event) -> None:
        """Serve until `end`, on this thread."""
        self._loop.run_until_complete(self.serve(started))
        self._loop.close()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _loses(self, data: bytes) -> bool:
        if self._lost_content is not None and self._lost_content in data:
            self._lost_content = None
            return True
        return self._chance.random() < self._share

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._down:
                raise ConnectionError
            far_reader, far_writer = await asyncio.open_unix_connection(self._path)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}

        async def requests() -> None:
            while data := await reader.read(CHUNK):
                far_writer.write(data)
                await far_writer.drain()

        async def replies() -> None:
            is_deaf = False
            while data := await far_reader.read(CHUNK):
                if not is_deaf and self._loses(data):
                    self.replies_lost += 1
                    if not self._silently:
                        return
                    is_deaf = True
                if not is_deaf:
                    writer.write(data)
                    await writer.drain()

        tasks = [asyncio.create_task(requests()), asyncio.create_task(replies())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writers -= {writer, far_writer}
        writer.transport.abort()
        far_writer.transport.abort()


@contextmanager
def link_to(path: str, seed: int = 0) -> Iterator[Link]:
    """A link to the unix socket at `path`."""
    link, started = Link(path, seed), threading.Event()
    thread = threading.Thread(target=link.run, args=(started,))
    thread.start()
    started.wait()
    try:
        yield link
    finally:
        link.end()
        thread.join()
