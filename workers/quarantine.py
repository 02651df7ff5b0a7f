"""Messages that must not run: their records, for the operator."""

from datetime import UTC, datetime

import msgspec

KEPT_BYTES = 64 * 1024
"""A quarantined message is kept up to this size; of a larger one the head, to look at."""


class Quarantined(msgspec.Struct, frozen=True):
    """A message that was taken out of its queue because running it would do harm.

    `size` is the message's own, `data` at most its first KEPT_BYTES.
    """

    at: datetime
    queue: str
    redis_id: str
    reason: str
    size: int
    data: bytes

    @classmethod
    def of(cls, queue: str, redis_id: str, reason: str, data: bytes) -> "Quarantined":
        """The record of a message quarantined now."""
        return cls(datetime.now(UTC), queue, redis_id, reason, len(data), data[:KEPT_BYTES])
