"""What comes next after a place in the streams: put together once for everybody who stands there."""

from collections.abc import Mapping
from typing import NamedTuple

from api.event_id import EventId
from api.feed import Feed

CHUNK_BYTES = 64 * 1024
"""About what is taken from a stream at a time; with the connection's own buffers, all that a client can hold."""
KEPT_MAX = 64
"""Nearly everybody stands at the head; places of stragglers are not worth their memory."""


class Chunk(NamedTuple):
    """The bytes of the next events, and the place after them.

    is_whole  whether that place is the newest there is
    behind    streams whose next event the feeds no longer hold
    """

    data: bytes
    cursors: Mapping[str, int]
    events: int
    is_whole: bool
    behind: tuple[str, ...]


def identified(epoch: str, cursors: Mapping[str, int], frame: bytes) -> bytes:
    """The frame with the id of the place after it."""
    return f"id: {EventId(epoch, cursors)}\n".encode() + frame


def chunk_after(feeds: Mapping[str, Feed], epoch: str, cursors: Mapping[str, int]) -> Chunk:
    """What the feeds hold after `cursors`: about CHUNK_BYTES of each stream at most."""
    reached, parts, behind, is_whole = dict(cursors), [], [], True
    for stream, cursor in cursors.items():
        feed, size = feeds[stream], 0
        if cursor < feed.first - 1:
            behind.append(stream)
            continue
        for seq, frame in feed.after(cursor):
            if size >= CHUNK_BYTES:
                is_whole = False
                break
            reached[stream] = seq
            parts.append(identified(epoch, reached, frame))
            size += len(frame)
    return Chunk(b"".join(parts), reached, len(parts), is_whole, tuple(behind))


class Chunks:
    """The chunks that were asked for since the feeds last grew."""

    def __init__(self) -> None:
        self._kept: dict[tuple[tuple[str, int], ...], Chunk] = {}

    def after(self, feeds: Mapping[str, Feed], epoch: str, cursors: Mapping[str, int]) -> Chunk:
        """As `chunk_after`. The answer is shared: nobody may change it."""
        place = tuple(cursors.items())
        chunk = self._kept.get(place)
        if chunk is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            chunk = self._kept[place] = chunk_after(feeds, epoch, cursors)
        return chunk

    def forget(self) -> None:
        """The feeds are not what they were."""
        self._kept.clear()
