"""The last span of a trace: an event that belongs to one was brought forward to this process's streams."""

from collections.abc import Iterable

import msgspec

from services import traces
from services.db.event_log import Event


class _Traced(msgspec.Struct):
    """What matters here of an event."""

    action: str = ""
    traceparent: str | None = None


_decode = msgspec.json.Decoder(_Traced).decode


def trace(events: Iterable[Event]) -> None:
    """Note each traced event; costs nothing while traces are off."""
    if not traces.is_on():
        return
    for event in events:
        told = _decode(event.payload)
        if told.traceparent:
            attributes: dict[str, str | int] = {"stream": event.stream, "seq": event.seq, "action": told.action}
            with traces.span("stream", told.traceparent, attributes):
                pass
