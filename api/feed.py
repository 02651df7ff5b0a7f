"""A followed stream: its newest events, encoded once for all clients."""

from collections import deque
from collections.abc import Iterator

from services.db.event_log import Event

FRAMES_MAX = 10_000
"""How many events a stream keeps at hand; a client further behind reads the database."""


def encode(event: Event) -> bytes:
    """The event as it stands on the wire, without its id: that differs from client to client."""
    return f"event: {event.type}\ndata: {event.payload}\n\n".encode()


class Feed:
    """The frames of one stream's events `first` to `head`. Never holds a gap."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._frames: deque[bytes] = deque()

    @property
    def first(self) -> int:
        """The oldest event at hand; `head` + 1 when there is none."""
        return self.head - len(self._frames) + 1

    def append(self, event: Event) -> bool:
        """Take the next event; False if it is not the next."""
        if event.seq != self.head + 1:
            return False
        self._frames.append(encode(event))
        self.head = event.seq
        if len(self._frames) > FRAMES_MAX:
            self._frames.popleft()
        return True

    def after(self, seq: int) -> Iterator[tuple[int, bytes]]:
        """The frames after `seq`, which must not lie before `first` - 1."""
        assert seq >= self.first - 1
        for wanted in range(seq + 1, self.head + 1):
            yield wanted, self._frames[wanted - self.first]

    def forget(self, passed: int) -> None:
        """Drop the frames up to and including `passed`."""
        while self._frames and self.first <= passed:
            self._frames.popleft()
