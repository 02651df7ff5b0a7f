"""What EXIT signals end: the live trades that earlier signals of the source opened on the pair."""

from collections.abc import Sequence

import msgspec

from services.db.decisions import Pair
from services.db.pool import Connection


class Ending(msgspec.Struct, frozen=True):
    """The trades of an account that an EXIT on an instrument ends, in order.

    is_early  an earlier ENTRY of the source on the pair is undecided on the account: what it opens ends too
    """

    instrument_id: int
    trade_ids: tuple[int, ...]
    is_early: bool


async def endings(connection: Connection, pairs: Sequence[Pair]) -> list[Ending]:
    """What each pair of an EXIT and an account ends now, in the order of `pairs`."""
    cursor = await connection.execute(
        _ENDINGS, {"signals": [pair.signal_id for pair in pairs], "accounts": [pair.account_id for pair in pairs]}
    )
    return [Ending(place, tuple(trade_ids), is_early) for place, trade_ids, is_early in await cursor.fetchall()]


_ENDINGS = """
SELECT g.instrument_id, ARRAY(
        SELECT t.id FROM live_triggers l JOIN trades t ON t.id = l.trade_id JOIN signals e ON e.id = t.signal_id
        WHERE l.account_id = p.account_id AND l.instrument_id = g.instrument_id AND e.source_id = g.source_id
            AND e.id < g.id AND (g.direction IS NULL OR t.direction = g.direction)
        ORDER BY t.id
    ),
    EXISTS (
        SELECT FROM signals e WHERE e.status = 'ACTIVE' AND e.id < g.id AND e.action = 'ENTRY'
            AND e.source_id = g.source_id AND e.instrument_id = g.instrument_id
            AND (g.direction IS NULL OR e.direction = g.direction)
            AND NOT EXISTS (SELECT FROM signal_decisions d WHERE d.signal_id = e.id AND d.account_id = p.account_id)
    )
FROM unnest(%(signals)s::bigint[], %(accounts)s::bigint[]) WITH ORDINALITY AS p(signal_id, account_id, place)
JOIN signals g ON g.id = p.signal_id ORDER BY p.place
"""
