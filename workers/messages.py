"""What travels through Redis: versioned msgpack envelopes, decoded strictly."""

from typing import Any

import msgspec
from dramatiq import DecodeError, Encoder, MessageProxy
from dramatiq.encoder import MessageData

from services.coordination.task_queue import MESSAGE_VERSION
from services.domain.malformed import MALFORMED


class _Envelope(msgspec.Struct):
    """A message on the wire. `v` names the layout; a reader refuses the ones it does not know."""

    v: int
    queue_name: str
    actor_name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    message_id: str
    message_timestamp: int


class EnvelopeEncoder(Encoder):
    """Dramatiq's message dictionaries as msgpack. Arguments may be any plain msgpack value, bytes included."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_Envelope)

    def encode(self, data: MessageData) -> bytes:
        return self._encoder.encode({"v": MESSAGE_VERSION, **data})

    def decode(self, data: bytes) -> MessageData:
        """The dictionary in `data`. Raises DecodeError for anything but a whole envelope of our version."""
        try:
            envelope = self._decoder.decode(data)
        except MALFORMED as error:
            raise DecodeError(str(error), data, error) from error  # type: ignore[no-untyped-call]
        if envelope.v != MESSAGE_VERSION:
            reason = f"message version {envelope.v}, expected {MESSAGE_VERSION}"
            raise DecodeError(reason, data, None)  # type: ignore[no-untyped-call]
        fields = msgspec.structs.asdict(envelope)
        del fields["v"]
        return fields


class Delivery(MessageProxy):
    """A message in this process' hands. `quarantine_reason` is set when it must not run again.

    `given_back` is set when it was begun and is to run anew, as if it never was.
    """

    quarantine_reason: str | None = None
    given_back = False

    @property
    def redis_id(self) -> str:
        """The id this delivery has in Redis; a retry of the same message has another."""
        return str(self.options["redis_message_id"])

    def quarantine(self, reason: str) -> None:
        """Have the message put aside for the operator instead of run."""
        self.quarantine_reason = reason
        self.fail()

    def give_back(self) -> None:
        """Have the message put back on its queue instead of acknowledged."""
        self.given_back = True

    def __str__(self) -> str:  # dramatiq logs it; arguments may be hundreds of kilobytes
        return f"{self.actor_name}[{self.message_id}]"
