"""Hand the new signals of live accounts to their webhooks: one more message each, and the only thing live mode does."""

from collections.abc import Sequence

import msgspec

from services.db import modes
from services.db.modes import Handed
from services.db.outbox import NewDelivery, StreamEvent
from services.db.pool import Connection
from services.domain.mode import HAND_OVER_LIFE, Mode
from services.usecases.outgoing import body_of

TYPE = "signal.live"


class _Signal(msgspec.Struct, frozen=True):
    signal: msgspec.Raw


async def hand_overs(connection: Connection, outlet_id: int, events: Sequence[StreamEvent]) -> list[NewDelivery]:
    """The messages for accounts that are live by this webhook: new signals of the sources that they follow."""
    news = [event for event in events if event.type == "signal" and event.action == "created"]
    if not news:
        return []
    handed = await modes.handed(connection, outlet_id)
    return [
        _message(each, event)
        for event in news
        for each in handed
        if event.stream == f"s{each.source_id}" and event.created_at >= each.since
    ]


def _message(handed: Handed, event: StreamEvent) -> NewDelivery:
    """It names the account; after `expires_at`, or once the account is back to paper, nobody sends it any more."""
    data = {
        "account_id": handed.account_id,
        "account": handed.name,
        "mode": Mode.LIVE,
        "live_until": handed.live_until,
        "signal": msgspec.json.decode(event.payload, type=_Signal).signal,
    }
    payload = msgspec.json.encode(data).decode()
    return NewDelivery(
        message_id=f"{event.message_id}_live_a{handed.account_id}",
        stream=event.stream,
        seq=event.seq,
        type=TYPE,
        body=body_of(TYPE, msgspec.structs.replace(event, payload=payload)),
        account_id=handed.account_id,
        expires_at=min(event.created_at + HAND_OVER_LIFE, handed.live_until),
    )
