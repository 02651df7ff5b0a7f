"""Samples of equity as stored: each goes into its minute, its hour and its day, which are kept for different times.

The columns low and high are the extremes of equity less deposits.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db.pool import Connection
from services.domain.metrics.equity_curve import Sample, Span


class Due(msgspec.Struct, frozen=True):
    """An account to be sampled now, with its balance and what was ever deposited on it, in USDT."""

    account_id: int
    balance: Decimal
    deposits: Decimal


async def due(connection: Connection, holding: Sequence[int]) -> list[Due]:
    """The accounts that hold positions, and those that have changed since their last sample: no others move."""
    cursor = await connection.execute(_DUE, [list(holding)])
    return [Due(*row) for row in await cursor.fetchall()]


async def store(connection: Connection, samples: Sequence[tuple[int, Sample]]) -> None:
    """Store samples by account; a later one of the same minute, hour or day takes the place of the one before."""
    rows = [{"account_id": id_, **msgspec.structs.asdict(sample)} for id_, sample in samples]
    await connection.execute(_STORE, [msgspec.json.encode(rows).decode()])


async def newest(
    connection: Connection, account_id: int, span: Span, since: datetime | None, until: datetime | None, limit: int
) -> list[Sample]:
    """The newest `limit` samples from `since` to `until`, ascending, after the last one before `since`."""
    values = {"id": account_id, "span": span, "since": since, "until": until, "limit": limit}
    cursor = await connection.execute(_NEWEST, values)
    return [Sample(**dict(zip(_FIELDS, row, strict=True))) for row in await cursor.fetchall()]


_FIELDS = Sample.__struct_fields__

_DUE = """
SELECT a.id, a.balance,
    coalesce((SELECT sum(amount) FROM ledger l WHERE l.account_id = a.id AND l.trade_id IS NULL), 0)
FROM accounts a LEFT JOIN LATERAL (
    SELECT balance, positions FROM equity_samples s WHERE s.account_id = a.id AND span = 'day'
    ORDER BY time DESC LIMIT 1
) last ON true
WHERE a.id = ANY(%s) OR last.positions > 0 OR last.balance IS DISTINCT FROM a.balance ORDER BY a.id
"""

_STORE = """
INSERT INTO equity_samples AS s (account_id, span, time, sampled_at, equity, low, high, balance, deposits, positions,
    bitcoin)
SELECT v.account_id, span, date_trunc(span, v.time, 'UTC'), v.time, v.equity, v.profit_low, v.profit_high,
    v.balance, v.deposits, v.positions, v.bitcoin
FROM json_to_recordset(%s::json) AS v(account_id bigint, time timestamptz, equity numeric, profit_low numeric,
    profit_high numeric, balance numeric, deposits numeric, positions int, bitcoin numeric),
    unnest(ARRAY['minute', 'hour', 'day']) WITH ORDINALITY AS kind(span, n)
ORDER BY v.account_id, n
ON CONFLICT (account_id, span, time) DO UPDATE SET sampled_at = excluded.sampled_at, equity = excluded.equity,
    low = least(s.low, excluded.low), high = greatest(s.high, excluded.high), balance = excluded.balance,
    deposits = excluded.deposits, positions = excluded.positions, bitcoin = coalesce(excluded.bitcoin, s.bitcoin)
WHERE s.sampled_at < excluded.sampled_at
"""

_NEWEST = f"""
WITH sample AS NOT MATERIALIZED (
    SELECT *, low AS profit_low, high AS profit_high FROM equity_samples WHERE account_id = %(id)s AND span = %(span)s
)
SELECT {", ".join(_FIELDS)} FROM (
    SELECT * FROM (
        SELECT * FROM sample WHERE (%(since)s::timestamptz IS NULL OR time >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR time < %(until)s) ORDER BY time DESC LIMIT %(limit)s) inside
    UNION ALL
    SELECT * FROM (SELECT * FROM sample WHERE time < %(since)s ORDER BY time DESC LIMIT 1) before
) found ORDER BY time DESC LIMIT %(limit)s
"""
