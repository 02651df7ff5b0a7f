"""What EXIT signals end: the live trades that earlier signals of the source opened on the pair; who waits for that."""

from collections.abc import Sequence

import msgspec

from services.db.decisions import BY_ITSELF, UNDECIDED, Pair
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
    cursor = await connection.execute(_ENDINGS, _named(pairs))
    return [Ending(place, tuple(trade_ids), is_early) for place, trade_ids, is_early in await cursor.fetchall()]


async def freeing(connection: Connection, pairs: Sequence[Pair]) -> set[tuple[int, int]]:
    """The (signal, account) of those pairs of an ENTRY before which the source said an EXIT not yet carried out."""
    cursor = await connection.execute(_FREEING, _named(pairs))
    return {(signal_id, account_id) for signal_id, account_id in await cursor.fetchall()}


def _named(pairs: Sequence[Pair]) -> dict[str, list[int] | int]:
    """The pairs, and that whoever is undecided counts from the first on."""
    ids, account_ids = [pair.signal_id for pair in pairs], [pair.account_id for pair in pairs]
    return {"signals": ids, "accounts": account_ids, "signal": 0, "account": 0}


_ENDINGS = f"""
SELECT x.instrument_id, ARRAY(
        SELECT t.id FROM live_triggers l JOIN trades t ON t.id = l.trade_id JOIN signals e ON e.id = t.signal_id
        WHERE l.account_id = p.account_id AND l.instrument_id = x.instrument_id AND e.source_id = x.source_id
            AND e.id < x.id AND (x.direction IS NULL OR t.direction = x.direction)
        ORDER BY t.id
    ),
    EXISTS (
        SELECT FROM signals g JOIN sources o ON o.id = g.source_id
        WHERE g.status = 'ACTIVE' AND g.id < x.id AND g.action = 'ENTRY' AND {BY_ITSELF}
            AND g.source_id = x.source_id AND g.instrument_id = x.instrument_id
            AND (x.direction IS NULL OR g.direction = x.direction)
            AND EXISTS (SELECT {UNDECIDED} AND f.account_id = p.account_id)
    )
FROM unnest(%(signals)s::bigint[], %(accounts)s::bigint[]) WITH ORDINALITY AS p(signal_id, account_id, place)
JOIN signals x ON x.id = p.signal_id ORDER BY p.place
"""

_FREEING = f"""
SELECT p.signal_id, p.account_id
FROM unnest(%(signals)s::bigint[], %(accounts)s::bigint[]) AS p(signal_id, account_id)
JOIN signals x ON x.id = p.signal_id
WHERE EXISTS (
    SELECT FROM signals g JOIN sources o ON o.id = g.source_id
    WHERE g.status = 'ACTIVE' AND g.id < x.id AND g.action = 'EXIT' AND g.source_id = x.source_id AND {BY_ITSELF}
        AND EXISTS (SELECT {UNDECIDED} AND f.account_id = p.account_id)
) OR EXISTS (
    SELECT FROM trade_commands c JOIN trades t ON t.id = c.trade_id JOIN signals e ON e.id = t.signal_id
    WHERE c.kind = 'end' AND t.account_id = p.account_id AND e.source_id = x.source_id
)
"""
