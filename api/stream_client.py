"""One client of the event stream: a cursor into the streams, never a queue of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from api.chunks import Chunk, identified
from api.feed import encode
from api.metrics import EVENTS_DELIVERED
from api.price_board import Pair, PriceBoard
from api.subscription import Holder
from services.coordination.stream_shares import Lease
from services.db.event_log import Cursors, Page

BEAT = b'event: beat\ndata: {"type":"beat","action":"beat"}\n\n'
"""An event, for a browser tells its pages of no comments; without an id, for it is no place in the streams."""
GREETING = b"retry: 1000\n: welcome\n\n"
CATCH_UP_EVENTS = 200


class Streams(Protocol):
    """What a client reads: the streams that a process follows, all of its clients together."""

    epoch: str
    prices: PriceBoard

    def joined(self, client: "StreamClient") -> AbstractContextManager[None]:
        """Have the client's streams followed."""
        ...

    def after(self, cursors: Cursors) -> Chunk:
        """What is at hand after `cursors`."""
        ...

    async def read_behind(self, after: Cursors, limit: int) -> Page:
        """Events that are no longer at hand. Raises psycopg's errors."""
        ...


class StreamClient:
    """Sends everything after `cursors`, once and in order, for as long as the client takes it.

    joined_at    how the streams stood when the cursors were looked up
    reset        why the client must start over first; empty if it need not
    pairs        whose live prices are wanted
    account_ids  the pairs of these accounts' positions are wanted too
    abort        cuts the connection at once, unsent bytes included
    holder       who holds it, where that matters
    lease        the part of the holder's share that it takes, where shares are counted
    """

    def __init__(
        self,
        streams: Streams,
        cursors: Mapping[str, int],
        joined_at: Page,
        *,
        reset: str = "",
        pairs: frozenset[Pair] = frozenset(),
        account_ids: tuple[int, ...] = (),
        abort: Callable[[], None] = lambda: None,
        holder: Holder | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.cursors = cursors
        self.joined_at = joined_at
        self.pairs = pairs
        self.account_ids = account_ids
        self.holder = holder
        self.lease = lease
        self.sending_since: float | None = None
        self.beat_at = 0.0
        self._streams = streams
        self._asked_pairs = pairs
        self._reset = reset
        self._abort = abort
        self._price_version = 0
        self._ended = self._beat_due = False
        self._wake = asyncio.Event()

    async def frames(self) -> AsyncIterator[bytes]:
        """The bytes of the response, until the hub ends or cuts the client. Its place is told in any case."""
        clock = asyncio.get_running_loop().time
        with self._streams.joined(self):
            chunk: bytes | None = self._greeting()
            self.beat_at = clock()
            self.wake()
            while chunk is not None:
                if chunk:
                    self.sending_since = clock()
                    yield chunk
                    self.sending_since = None
                chunk = await self._next()

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

    def beat(self, now: float) -> None:
        """Say that the stream is alive, whatever else it says."""
        self.beat_at, self._beat_due = now, True
        self.wake()

    def reset(self, reason: str, heads: dict[str, int]) -> None:
        """The history is not what it was: tell the client to start over, from `heads`."""
        self._reset = reason
        self.cursors = {stream: heads.get(stream, seq) for stream, seq in self.cursors.items()}
        self.wake()

    def hold(self, positions: frozenset[Pair]) -> None:
        """The positions are these now; newly followed pairs are sent with their present price."""
        if self.pairs != self._asked_pairs | positions:
            self.pairs = self._asked_pairs | positions
            self._price_version = 0

    def join(self, begins: Mapping[str, int]) -> None:
        """These streams concern the client too, from after these places on."""
        self.cursors = {**self.cursors, **begins}
        self.wake()

    def end(self) -> None:
        """Finish the response after what is being sent."""
        self._ended = True
        self.wake()

    def cut(self) -> None:
        """Drop the connection: the client does not take what it is sent. It resumes by its last event id."""
        self._ended = True
        self._abort()

    def _greeting(self) -> bytes:
        """With the place where it begins: whoever loses it before the first event resumes there, not later.

        None where a reset comes first, for that must not be passed over.
        """
        return GREETING if self._reset else identified(self._streams.epoch, self.cursors, GREETING)

    async def _next(self) -> bytes | None:
        """What there is to send when the client is woken, which may be nothing; None at the end."""
        await self._wake.wait()
        self._wake.clear()
        chunk = await self._next_chunk()
        return None if self._ended else chunk

    async def _next_chunk(self) -> bytes:
        if self._reset:
            reason, self._reset = self._reset, ""
            self.wake()
            data = msgspec.json.encode({"type": "reset", "action": reason})
            return identified(self._streams.epoch, self.cursors, b"event: reset\ndata: " + data + b"\n\n")
        chunk = self._streams.after(self.cursors)
        self.cursors, parts = chunk.cursors, [chunk.data]
        if not chunk.is_whole:
            self.wake()
        if chunk.events:
            EVENTS_DELIVERED.inc(chunk.events)
        for stream in chunk.behind:
            await self._catch_up(stream, parts)
        if self.pairs:
            parts += self._streams.prices.since(self._price_version, self.pairs)
            self._price_version = self._streams.prices.version
        if self._beat_due:
            self._beat_due = False
            parts.append(BEAT)
        return b"".join(parts)

    async def _catch_up(self, stream: str, parts: list[bytes]) -> None:
        """Read what the feed no longer holds; a hole there is history that is gone."""
        cursor = self.cursors[stream]
        try:
            page = await self._streams.read_behind({stream: cursor}, CATCH_UP_EVENTS)
        except (psycopg.Error, PoolTimeout):
            self.end()  # the client comes back, when the database does at the latest
            return
        if self._reset or page.epoch != self._streams.epoch:
            return  # the hub tells the reason at its next look
        self.wake()
        if not page.events or page.events[0].seq != cursor + 1:
            self.reset("history", page.heads)
            return
        reached = dict(self.cursors)
        for event in page.events:
            if event.seq == reached[stream] + 1:
                reached[stream] = event.seq
                parts.append(identified(self._streams.epoch, reached, encode(event)))
        EVENTS_DELIVERED.inc(reached[stream] - cursor)
        self.cursors = reached
