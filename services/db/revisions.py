"""Where a trade's stop and targets came to stand since it was made. Written in `services.db.settlement`."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.plan import Target
from services.domain.trade import Reason

_targets = msgspec.json.Decoder(tuple[Target, ...]).decode


class Revision(msgspec.Struct, frozen=True):
    """The stop, what put it there, and the targets, as the trade's `version` had them; `at` is when it was stored."""

    version: int
    at: datetime
    stop_loss: Decimal
    stop_reason: Reason
    take_profits: tuple[Target, ...]


async def of_trade(connection: Connection, trade_id: int, limit: int, after: int | None) -> list[Revision]:
    """At most `limit` of them, oldest first, after the version `after`."""
    cursor = await connection.execute(
        """SELECT version, at, stop_loss, stop_reason, targets::text FROM trade_revisions
           WHERE trade_id = %s AND version > %s ORDER BY version LIMIT %s""",
        [trade_id, after or 0, limit],
    )
    return [
        Revision(version, at, stop, Reason(reason), _targets(targets))
        for version, at, stop, reason, targets in await cursor.fetchall()
    ]
