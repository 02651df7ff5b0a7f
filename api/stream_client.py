"""One client of the event stream: a cursor into the streams, never a queue of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from api.event_id import EventId
from api.feed import encode
from api.metrics import EVENTS_DELIVERED
from api.price_board import Pair
from services.db.event_log import Page

if TYPE_CHECKING:
    from api.hub import Holder, Hub

PING_SECONDS = 15.0
PING = b": ping\n\n"
GREETING = b"retry: 1000\n: welcome\n\n"
CHUNK_BYTES = 64 * 1024
"""About what is taken from a stream at a time; with the connection's own buffers, all that a client can hold."""
CATCH_UP_EVENTS = 200


class StreamClient:
    """Sends everything after `cursors`, once and in order, for as long as the client takes it.

    joined_at    how the streams stood when the cursors were looked up
    reset        why the client must start over first; empty if it need not
    pairs        whose live prices are wanted
    account_ids  the pairs of these accounts' positions are wanted too
    abort        cuts the connection at once, unsent bytes included
    holder       who holds it, where that matters
    """

    def __init__(
        self,
        hub: "Hub",
        cursors: dict[str, int],
        joined_at: Page,
        *,
        reset: str = "",
        pairs: frozenset[Pair] = frozenset(),
        account_ids: tuple[int, ...] = (),
        abort: Callable[[], None] = lambda: None,
        holder: "Holder | None" = None,
    ) -> None:
        self.cursors = cursors
        self.joined_at = joined_at
        self.pairs = pairs
        self.account_ids = account_ids
        self.holder = holder
        self.sending_since: float | None = None
        self._hub = hub
        self._asked_pairs = pairs
        self._reset = reset
        self._abort = abort
        self._price_version = 0
        self._ended = False
        self._wake = asyncio.Event()

    async def frames(self) -> AsyncIterator[bytes]:
        """The bytes of the response, until the hub ends or cuts the client."""
        with self._hub.joined(self):
            chunk = GREETING
            while not self._ended:
                if chunk:
                    self.sending_since = asyncio.get_running_loop().time()
                    yield chunk
                    self.sending_since = None
                self._wake.clear()
                chunk = await self._next_chunk() or await self._idle()

    def wake(self) -> None:
        """There may be something new."""
        self._wake.set()

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

    def end(self) -> None:
        """Finish the response after what is being sent."""
        self._ended = True
        self.wake()

    def cut(self) -> None:
        """Drop the connection: the client does not take what it is sent. It resumes by its last event id."""
        self._ended = True
        self._abort()

    async def _idle(self) -> bytes:
        try:
            await asyncio.wait_for(self._wake.wait(), PING_SECONDS)
        except TimeoutError:
            return PING
        return b""

    async def _next_chunk(self) -> bytes:
        if self._reset:
            reason, self._reset = self._reset, ""
            data = msgspec.json.encode({"type": "reset", "action": reason})
            return self._identified(b"event: reset\ndata: " + data + b"\n\n")
        parts: list[bytes] = []
        for stream in self.cursors:
            await self._take(stream, parts)
        EVENTS_DELIVERED.inc(len(parts))
        parts += self._hub.prices.since(self._price_version, self.pairs)
        self._price_version = self._hub.prices.version
        return b"".join(parts)

    async def _take(self, stream: str, parts: list[bytes]) -> None:
        """Add what comes next in `stream`: from the feed, or from the database if the feed has moved on."""
        feed = self._hub.feeds[stream]
        if self.cursors[stream] < feed.first - 1:
            await self._catch_up(stream, parts)
            return
        size = 0
        for seq, frame in feed.after(self.cursors[stream]):
            if size >= CHUNK_BYTES:
                self.wake()
                break
            self.cursors[stream] = seq
            parts.append(self._identified(frame))
            size += len(frame)

    async def _catch_up(self, stream: str, parts: list[bytes]) -> None:
        """Read what the feed no longer holds; a hole there is history that is gone."""
        cursor = self.cursors[stream]
        try:
            page = await self._hub.read_behind({stream: cursor}, CATCH_UP_EVENTS)
        except (psycopg.Error, PoolTimeout):
            self.end()  # the client comes back, when the database does at the latest
            return
        if self._reset or page.epoch != self._hub.epoch:
            return  # the hub tells the reason at its next look
        self.wake()
        if not page.events or page.events[0].seq != cursor + 1:
            self.reset("history", page.heads)
            return
        for event in page.events:
            if event.seq == self.cursors[stream] + 1:
                self.cursors[stream] = event.seq
                parts.append(self._identified(encode(event)))

    def _identified(self, frame: bytes) -> bytes:
        return f"id: {EventId(self._hub.epoch, self.cursors)}\n".encode() + frame
