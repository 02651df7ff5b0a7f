"""A database full of closed trades, made by bare SQL: 966 pairs, 5 sources, one account, 100 days.

Each trade is of a signal of its own.
"""

import contextlib
from collections.abc import AsyncIterator

from bench.book import PAIRS, book
from services.db.closings import ADD_RESULTS
from services.db.pool import Pool

DAYS = 100


@contextlib.asynccontextmanager
async def closed_book(url: str, trades: int) -> AsyncIterator[Pool]:
    """The database filled anew with `trades` closed trades of the local owner's account, their results merged."""
    async with book(url, 0, 1) as pool:
        async with pool.connection() as connection:
            await connection.execute("SET LOCAL statement_timeout = 0")
            for statement in _SAY:
                await connection.execute(statement, {"trades": trades})
            await connection.execute(_CLOSE, {"trades": trades})
            await connection.execute(_EXITS)
            await connection.execute(ADD_RESULTS.replace("t.id = ANY(%s)", "t.exit_time IS NOT NULL"))
            await connection.execute("UPDATE results SET merged = true")
        async with pool.connection() as connection:
            await connection.set_autocommit(True)
            await connection.execute("SET statement_timeout = 0")
            await connection.execute("VACUUM ANALYZE trades, trade_exits, results, ledger, signals")
            await connection.set_autocommit(False)
        yield pool


_CLOSE = f"""
INSERT INTO trades (account_id, instrument_id, direction, entry_type, stop_loss, initial_stop, position_size, leverage,
    quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status, reserved, entry_time, entry_price,
    entry_role, entry_fee, entry_evidence, exit_time, exit_price, exit_reason, fees, funding, profit_loss, margin,
    r_multiple, mae, mfe, ambiguous, source, signal_id, created_at, updated_at)
SELECT 1, 1 + n %% {PAIRS}, CASE WHEN n %% {PAIRS} > 436 AND n %% 2 = 0 THEN 'SHORT' ELSE 'LONG' END, 'MARKET', 95, 95,
    100, 1, 1, 0.001, 0.001, 'realistic', 0.0001, 0.001,
    CASE WHEN p.net > 0 THEN 'CLOSED_TP' ELSE 'CLOSED_SL' END, 0, p.at - p.held, 100, 'taker', 0.1,
    '{{"decided_by": "quote"}}', p.at, 100 + p.net, CASE WHEN p.net > 0 THEN 'take_profit' ELSE 'stop_loss' END, 0.2, 0,
    p.net, 100, round(p.net / 5, 4), least(p.net, -1), greatest(p.net, 1), n %% 50 = 0, 'source ' || n %% 5, n,
    p.at, p.at
FROM generate_series(1::bigint, %(trades)s) n CROSS JOIN LATERAL (
    SELECT round((n * 7919 %% 100003) / 10000.0 - 4.9, 8) AS net,
        timestamptz '2026-03-01' + n * interval '{DAYS} days' / %(trades)s AS at,
        (n * 104729 %% 2880) * interval '1 minute' AS held) p
"""

_SAY = (
    """INSERT INTO sources (id, user_id, name) OVERRIDING SYSTEM VALUE
       SELECT n + 1, 1, 'source ' || n FROM generate_series(0, 4) n""",
    f"""INSERT INTO signals (id, source_id, content_hash, instrument_id, direction, stop_loss, targets, rules,
           timeframe, strategy, status, signal_time, expires_at)
       SELECT n, 1 + n %% 5, sha256(n::text::bytea), 1 + n %% {PAIRS},
           CASE WHEN n %% {PAIRS} > 436 AND n %% 2 = 0 THEN 'SHORT' ELSE 'LONG' END, 95, '[]', '{{}}',
           (ARRAY['15m', '1h', '4h'])[1 + n %% 3], 'strategy ' || n %% 6, 'EXECUTED', now(), now()
       FROM generate_series(1::bigint, %(trades)s) n""",
)

_EXITS = """
INSERT INTO trade_exits (trade_id, part, reason, time, price, quantity, role, fee, gross, cap, evidence)
SELECT id, 1, exit_reason, exit_time, exit_price, quantity, 'taker', 0.1, profit_loss + 0.2, 0, '{"decided_by": "bar"}'
FROM trades WHERE exit_time IS NOT NULL
"""
