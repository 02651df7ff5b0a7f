"""What became of signals: which accounts are to decide still, what they decided, and what the signal comes to.

Locked in this order: signals, watermarks, trades, sources, accounts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from services.db.pool import Connection
from services.domain.errors import Refused
from services.domain.market import Market
from services.domain.signal import SignalAction
from services.domain.source import Overrides

PAIRS_MAX = 200
"""How many pairs of signal and account one transaction decides."""
SIGNALS_MAX = 50

Place = tuple[int, int]
"""A pair's signal and account, by which pairs are in order."""


class Pair(msgspec.Struct, frozen=True):
    """A signal and an account that is to decide on it; `is_own` where the source is the account's user's."""

    signal_id: int
    account_id: int
    is_own: bool
    overrides: Overrides


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an account did with a signal: the trade that it opened, or the reason why there is none.

    An EXIT has outcome `closed`, and in numbers its `trade_ids`, apart by blanks.
    """

    signal_id: int
    account_id: int
    outcome: Literal["accepted", "closed", "rejected", "expired", "skipped"]
    trade_id: int | None
    code: str | None
    reason: str | None
    numbers: dict[str, str]
    decided_at: datetime


# Of a signal g, the follows f that are to decide it. A follow counts for what was received after it began. Accounts of
# a disabled user open nothing new, and end what they have. NOT EXISTS looks at what is committed when the lock is held.
UNDECIDED = """
FROM follows f JOIN accounts a ON a.id = f.account_id JOIN users u ON u.id = a.user_id
WHERE f.source_id = g.source_id AND f.created_at <= g.received_at AND (g.id, f.account_id) > (%(signal)s, %(account)s)
    AND (u.disabled_at IS NULL OR g.action = 'EXIT')
    AND NOT EXISTS (SELECT FROM signal_decisions d WHERE d.signal_id = g.id AND d.account_id = f.account_id)
"""
# Whether the source o trades a signal g by itself: it does, and did when the signal came.
BY_ITSELF = "(o.auto_trade AND (o.auto_trade_since IS NULL OR g.received_at >= o.auto_trade_since))"


async def claim(connection: Connection, after: Place, action: SignalAction, most: int = PAIRS_MAX) -> list[Pair]:
    """The next pairs after `after` that are to be decided, at most so many, their signals of one kind, locked.

    Signals that somebody else has in hand are left out; whoever holds none of their locks never waits here.
    """
    while True:
        place: dict[str, int | str] = {"signal": after[0], "account": after[1], "action": action, "most": most}
        ids, pairs = await _claim(connection, place)
        if pairs or not ids:
            return pairs
        after = (ids[-1], _LAST_ID)  # somebody else had decided them all by the time they were locked


async def _claim(connection: Connection, place: Mapping[str, int | str]) -> tuple[list[int], list[Pair]]:
    taken = await connection.execute(
        f"""SELECT g.id FROM signals g JOIN sources o ON o.id = g.source_id
            WHERE g.status = 'ACTIVE' AND g.action = %(action)s AND {BY_ITSELF} AND g.id >= %(signal)s
                AND EXISTS (SELECT {UNDECIDED})
            ORDER BY g.id LIMIT {SIGNALS_MAX} FOR NO KEY UPDATE OF g SKIP LOCKED""",
        place,
    )
    ids = [row[0] for row in await taken.fetchall()]
    if not ids:
        return [], []
    found = await connection.execute(
        f"""SELECT g.id, p.* FROM signals g JOIN sources o ON o.id = g.source_id CROSS JOIN LATERAL (
                SELECT f.account_id, a.user_id = o.user_id, {_OVERRIDES} {UNDECIDED}
            ) p WHERE g.id = ANY(%(ids)s) AND g.status = 'ACTIVE' ORDER BY g.id, p.account_id LIMIT %(most)s""",
        {"ids": ids, **place},
    )
    return ids, [_pair(row) for row in await found.fetchall()]


_LAST_ID = 2**63 - 1
_OVERRIDES = ", ".join(f"f.{name}" for name in Overrides.__struct_fields__)


async def hold(connection: Connection, signal_id: int) -> None:
    """Lock one signal, as `claim` does."""
    await connection.execute("SELECT FROM signals WHERE id = %s FOR NO KEY UPDATE", [signal_id])


async def refuse(connection: Connection, refusals: Sequence[tuple[Pair, str, Refused]]) -> None:
    """Note (pair, outcome, why) of accounts that do not trade their signal. The signals are locked."""
    rows = [
        {
            "signal_id": pair.signal_id,
            "account_id": pair.account_id,
            "outcome": outcome,
            "code": refused.code,
            "reason": refused.message[:1000],
            "numbers": refused.numbers,
        }
        for pair, outcome, refused in refusals
    ]
    await connection.execute(
        """INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason, numbers)
           SELECT * FROM json_to_recordset(%s::json) AS v(signal_id bigint, account_id bigint, outcome text, code text,
               reason text, numbers jsonb)
           ON CONFLICT (signal_id, account_id) DO NOTHING""",
        [msgspec.json.encode(rows).decode()],
    )


async def close(connection: Connection, closed: Sequence[tuple[Pair, Sequence[int]]]) -> None:
    """Note which trades the EXIT of each pair ends. The signals are locked."""
    await connection.execute(
        """INSERT INTO signal_decisions (signal_id, account_id, outcome, numbers)
           SELECT signal_id, account_id, 'closed', jsonb_build_object('trade_ids', trade_ids)
           FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS v(signal_id, account_id, trade_ids)
           ON CONFLICT (signal_id, account_id) DO NOTHING""",
        [
            [pair.signal_id for pair, _ in closed],
            [pair.account_id for pair, _ in closed],
            [" ".join(map(str, trade_ids)) for _, trade_ids in closed],
        ],
    )


async def of_signals(
    connection: Connection, signal_ids: Sequence[int], account_ids: Sequence[int]
) -> dict[int, list[Decision]]:
    """By signal, what these accounts decided."""
    cursor = await connection.execute(
        """SELECT signal_id, account_id, outcome, trade_id, code, reason, numbers, decided_at FROM signal_decisions
           WHERE signal_id = ANY(%s) AND account_id = ANY(%s) ORDER BY signal_id, account_id""",
        [list(signal_ids), list(account_ids)],
    )
    found: dict[int, list[Decision]] = {}
    for row in await cursor.fetchall():
        told = dict(zip(Decision.__struct_fields__, row, strict=True))
        found.setdefault(row[0], []).append(msgspec.convert(told, Decision))
    return found


async def conclude(connection: Connection, now: Mapping[Market, datetime], limit: int) -> list[tuple[int, int, str]]:
    """Move ACTIVE signals on that everybody has decided, or whose time is over: (id, source id, new status).

    `now` is exchange time by market; signals of a market without one stay. What a source does not trade by itself
    is EXECUTED once somebody traded it by hand; the other accounts that follow have skipped it.
    """
    cursor = await connection.execute(
        _CONCLUDE, {"markets": list(now), "times": list(now.values()), "limit": limit, "signal": 0, "account": 0}
    )
    return [(id_, source_id, status) for id_, source_id, status in await cursor.fetchall()]


_CONCLUDE = f"""
WITH clock AS (
    SELECT * FROM unnest(%(markets)s::text[], %(times)s::timestamptz[]) AS c(market, now)
), due AS MATERIALIZED (
    SELECT g.id, g.source_id, c.now, e.accepted, e.refused
    FROM signals g JOIN sources o ON o.id = g.source_id JOIN instruments i ON i.id = g.instrument_id
    JOIN clock c ON c.market = i.market
    CROSS JOIN LATERAL (
        SELECT bool_or(outcome IN ('accepted', 'closed')) AS accepted,
            bool_or(outcome IN ('rejected', 'skipped')) AS refused
        FROM signal_decisions d WHERE d.signal_id = g.id
    ) e
    WHERE g.status = 'ACTIVE' AND CASE WHEN {BY_ITSELF}
        THEN (e.accepted IS NOT NULL OR g.expires_at <= c.now) AND NOT EXISTS (SELECT {UNDECIDED})
        ELSE e.accepted OR g.expires_at <= c.now END
    ORDER BY g.id LIMIT %(limit)s FOR NO KEY UPDATE OF g SKIP LOCKED
), skipped AS (
    INSERT INTO signal_decisions (signal_id, account_id, outcome, code, reason)
    SELECT g.id, p.account_id, 'skipped', 'auto_trade_off',
        'the source did not trade by itself, and nobody traded the signal by hand on this account'
    FROM due d JOIN signals g ON g.id = d.id JOIN sources o ON o.id = g.source_id AND NOT {BY_ITSELF}
    CROSS JOIN LATERAL (SELECT f.account_id {UNDECIDED}) p
    ON CONFLICT (signal_id, account_id) DO NOTHING
)
UPDATE signals g SET updated_at = clock_timestamp(),
    status = CASE WHEN d.accepted THEN 'EXECUTED' WHEN d.refused THEN 'REJECTED' ELSE 'EXPIRED' END,
    code = CASE WHEN d.accepted THEN NULL WHEN d.refused THEN 'no_account_took_it' ELSE 'signal_expired' END,
    reason = CASE WHEN d.accepted THEN NULL WHEN d.refused THEN 'no account that follows could take it'
        ELSE 'nobody traded it in time' END,
    numbers = CASE WHEN d.accepted OR d.refused THEN '{{}}' ELSE jsonb_build_object(
        'age_seconds', round(extract(epoch FROM d.now - g.signal_time), 3)::text,
        'max_seconds', round(extract(epoch FROM g.expires_at - g.signal_time), 3)::text) END
FROM due d WHERE g.id = d.id AND g.status = 'ACTIVE'
RETURNING g.id, g.source_id, g.status
"""


def _pair(row: tuple[int | bool | str | Decimal | None, ...]) -> Pair:
    signal_id, account_id, is_own, *overrides = row
    told = dict(zip(Overrides.__struct_fields__, overrides, strict=True))
    return msgspec.convert(
        {"signal_id": signal_id, "account_id": account_id, "is_own": is_own, "overrides": told}, Pair
    )
