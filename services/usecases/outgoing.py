"""Events of the streams as messages: what rules look at in them, and the body that leaves."""

from decimal import Decimal

import msgspec

from services.db.outbox import NewDelivery, StreamEvent
from services.domain.outlets import EventKind, Facts

_TRADE_KINDS = {
    kind.value: kind
    for kind in (
        EventKind.CREATED,
        EventKind.OPENED,
        EventKind.UPDATED,
        EventKind.CLOSED,
        EventKind.CANCELLED,
        EventKind.VOIDED,
    )
}
_OTHER_KINDS = {
    kind.value: kind for kind in (EventKind.SIGNAL, EventKind.ACCOUNT, EventKind.INSTRUMENT, EventKind.SYSTEM)
}


class _About(msgspec.Struct, frozen=True):
    """The fields of a trade, a signal or another subject that rules look at."""

    account_id: int | None = None
    source: str | None = None
    profit_loss: Decimal | None = None


class _Payload(msgspec.Struct, frozen=True):
    trade: _About | None = None
    signal: _About | None = None


class Envelope(msgspec.Struct, frozen=True):
    """The body of a webhook. `sequence` orders the events of one `stream`; `data` is the event as streams tell it."""

    type: str
    timestamp: str
    stream: str
    sequence: int
    data: msgspec.Raw


def facts_of(event: StreamEvent) -> Facts | None:
    """What rules look at; None for kinds of events that never leave."""
    kind = _TRADE_KINDS.get(event.action) if event.type == "paper_trade" else _OTHER_KINDS.get(event.type)
    if kind is None:
        return None
    payload = msgspec.json.decode(event.payload, type=_Payload, strict=False)
    about = payload.trade or payload.signal or _About()
    account_id = about.account_id
    if account_id is None and event.stream[:1] == "a":
        account_id = int(event.stream[1:])
    return Facts(kind, account_id, about.source, about.profit_loss if kind is EventKind.CLOSED else None)


def message_of(event: StreamEvent) -> NewDelivery:
    """The event as a message."""
    type_ = f"{event.type}.{event.action}"
    return NewDelivery(
        message_id=event.message_id,
        stream=event.stream,
        seq=event.seq,
        type=type_,
        body=body_of(type_, event),
    )


def body_of(type_: str, event: StreamEvent) -> str:
    """The body that tells of `event`: the same bytes at every attempt."""
    envelope = Envelope(
        type_,
        event.created_at.isoformat().replace("+00:00", "Z"),
        event.stream,
        event.seq,
        msgspec.Raw(event.payload.encode()),
    )
    return msgspec.json.encode(envelope).decode()
