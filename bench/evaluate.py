"""Evaluation: a price costs what it triggers, not what is held.

Measured on a durable PostgreSQL of its own with autovacuum off: the search over 966 paths that trigger nothing, clean
and right after closing 20 % of all trades; equal hits on few and on many live trades; closings per second beside
one connection that writes the same rows to the same tables by bare set-based SQL.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from bench.book import PAIRS, START, another, book, database, paths
from bench.table import Row
from services.db import triggers, watermarks
from services.db.closings import ADD_RESULTS
from services.db.pool import Connection, Pool
from services.db.triggers import Span
from services.domain.path import Path
from services.usecases import judge_paths as judging
from services.usecases.judge_paths import judge_paths

QUIET = (Decimal("99.5"), Decimal("100.5"))
FEW = 10_000
HITS, ROUNDS = 2_000, 3
BATCHES_AT_ONCE = 3
"""A worker process evaluates several messages at a time; so does the measured one."""


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    rows = asyncio.run(_run(options.trades))
    return f"evaluation with {options.trades:,} live trades", rows


async def _run(trades: int) -> list[Row]:
    async with database() as url:
        rows = []
        async with book(url, trades, 100) as pool, book(another(url, "few"), FEW, 100) as few:
            rows += await _idle(pool, trades)
            rows += await _growth(few, pool, trades)
        async with book(url, trades, 100) as pool:
            separate = await _closings(pool, trades // 5)
            rows += await _after_closing(pool, rows)
        async with book(url, trades // 5, 1) as pool:
            one = await _closings(pool, trades // 10)
        async with book(url, trades // 5, 100) as pool:
            hundred = await _closings(pool, trades // 10)
        async with book(url, trades // 5, 100) as pool:
            bare = await _bare_closings(pool, trades // 10)
    rows.append(
        Row(
            "closings per second",
            f"{separate:,.0f}/s",
            f"bare SQL {bare:,.0f}/s",
            separate / bare,
            ">= 0.5",
            separate >= 0.5 * bare,
        )
    )
    rows.append(
        Row(
            "all trades on one account",
            f"{one:,.0f}/s",
            f"100 accounts {hundred:,.0f}/s",
            one / hundred,
            ">= 0.7",
            one >= 0.7 * hundred,
        )
    )
    return rows


async def _search(connection: Connection, low: Decimal, high: Decimal, pairs: int = PAIRS) -> tuple[list[int], float]:
    """Candidates of one search over all pairs and the milliseconds it took, result in hand."""
    spans = [Span(id_, low, high, START, low, high) for id_ in range(1, pairs + 1)]
    await triggers.plan_for_probes(connection)
    started = time.perf_counter()
    found = await triggers.candidates(connection, spans)
    return found, 1000 * (time.perf_counter() - started)


async def _searches(pool: Pool) -> float:
    times = []
    for _ in range(7):
        async with pool.connection() as connection:
            found, ms = await _search(connection, *QUIET)
            assert not found
            times.append(ms)
    return median(times[1:])


async def _buffers(pool: Pool) -> float:
    """Buffers per index descent of a search that finds nothing."""
    ids = list(range(1, PAIRS + 1))
    parameters = [ids, [QUIET[0]] * PAIRS, [QUIET[1]] * PAIRS, [START] * PAIRS]
    parameters += parameters[1:3]
    async with pool.connection() as connection:
        await triggers.plan_for_probes(connection)
        cursor = await connection.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + triggers.PROBE, parameters)
        row = await cursor.fetchone()
    assert row is not None
    scans: list[dict[str, object]] = []
    _collect(row[0][0]["Plan"], scans)
    descents = sum(float(str(scan["Actual Loops"])) for scan in scans)
    hits = sum(int(str(scan["Shared Hit Blocks"])) + int(str(scan["Shared Read Blocks"])) for scan in scans)
    return hits / descents


def _collect(node: dict[str, object], scans: list[dict[str, object]]) -> None:
    if str(node["Node Type"]).startswith("Index"):
        scans.append(node)
    children = node.get("Plans", [])
    assert isinstance(children, list)
    for child in children:
        _collect(child, scans)


async def _idle(pool: Pool, trades: int) -> list[Row]:
    buffers, ms = await _buffers(pool), await _searches(pool)
    started = time.perf_counter()
    for batch in paths(0, *QUIET):
        await judge_paths(pool, batch)
    whole = 1000 * (time.perf_counter() - started)
    return [
        Row("idle search, buffers a probe", f"{buffers:.1f}", "", None, "<= 4", buffers <= 4),
        Row(f"idle search of {PAIRS} paths", f"{ms:.0f} ms", "", None, "<= 60 ms", ms <= 60),
        Row("idle pass, 20 batches to COMMIT", f"{whole:.0f} ms", f"search {ms:.0f} ms"),
    ]


async def _after_closing(pool: Pool, rows: Sequence[Row]) -> list[Row]:
    clean = float(rows[1].figure.split()[0])
    async with pool.connection() as connection:
        first = (await _search(connection, *QUIET))[1]
    again, buffers = await _searches(pool), await _buffers(pool)
    return [
        Row("first search after closing 20 %", f"{first:.0f} ms", f"clean {clean:.0f} ms", first / clean),
        Row(
            "second search, no vacuum",
            f"{again:.0f} ms",
            f"clean {clean:.0f} ms",
            again / clean,
            "<= 3",
            again <= 3 * clean,
        ),
        Row("second search, buffers a probe", f"{buffers:.1f}", f"clean {rows[0].figure}", None),
    ]


class _Hits(NamedTuple):
    """What one round of HITS hits cost, each: microseconds to the decision and to COMMIT, kB of WAL."""

    decide: float
    commit: float
    wal: float


async def _wal(pool: Pool) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).fetchone()
    assert row is not None
    return int(row[0])


async def _hits(pool: Pool, trades: int, number: int) -> _Hits:
    """Close about HITS trades that no round before touched, in the batches of one cycle."""
    low = Decimal(99) - Decimal(19) * HITS * number / Decimal(trades)
    batches = paths(number, low, QUIET[1])
    async with pool.connection() as connection:
        started = time.perf_counter()
        for batch in batches:
            await _decide(connection, batch)
        decide = time.perf_counter() - started
    before, closed, started = await _wal(pool), 0, time.perf_counter()
    for batch in batches:
        closed += (await judge_paths(pool, batch)).closed
    commit = time.perf_counter() - started
    written = await _wal(pool) - before
    return _Hits(1e6 * decide / closed, 1e6 * commit / closed, written / closed / 1024)


async def _decide(connection: Connection, batch: Sequence[Path]) -> None:
    """The reading half of an evaluation, rolled back: search, load, walk."""
    by_id = {path.instrument_id: path for path in batch}
    marks = await watermarks.lock(connection, by_id)
    ids = await judging.find(connection, batch, marks)
    await judging.decide(connection, ids, by_id, marks, {})
    await connection.rollback()


async def _growth(few: Pool, many: Pool, trades: int) -> list[Row]:
    """Both books take turns; the median round of each counts."""
    for pool in (few, many):
        for quiet in paths(0, *QUIET):
            await judge_paths(pool, quiet)
    rounds = [(await _hits(few, FEW, number), await _hits(many, trades, number)) for number in range(1, ROUNDS + 1)]
    of_few, of_many = (_Hits(*map(median, zip(*side, strict=True))) for side in zip(*rounds, strict=True))
    return [
        Row(
            f"search and decide, {HITS:,} hits",
            f"{trades:,} live: {of_many.decide:.0f} us a hit",
            f"{FEW:,} live: {of_few.decide:.0f} us a hit",
            of_many.decide / of_few.decide,
            "<= 1.3",
            of_many.decide <= 1.3 * of_few.decide,
        ),
        Row(
            f"to COMMIT, {HITS:,} hits",
            f"{of_many.commit:.0f} us a hit, {of_many.wal:.1f} kB WAL",
            f"{of_few.commit:.0f} us a hit, {of_few.wal:.1f} kB WAL",
            of_many.commit / of_few.commit,
            "<= 2.5",
            of_many.commit <= 2.5 * of_few.commit,
        ),
    ]


async def _closings(pool: Pool, count: int) -> float:
    """Closings per second of one process, whole evaluations from path to COMMIT, a few batches at a time."""
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM live_triggers")).fetchone()
    assert row is not None
    low = Decimal(99) - Decimal(19) * Decimal(count) / Decimal(row[0])
    gate = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def evaluate(batch: Sequence[Path]) -> int:
        async with gate:
            return (await judge_paths(pool, batch)).closed

    started = time.perf_counter()
    closed = sum(await asyncio.gather(*map(evaluate, paths(0, low, QUIET[1]))))
    return closed / (time.perf_counter() - started)


_EVIDENCE = """{"decided_by": "bar", "slippage": "0.0002", "bar": ["2026-07-01T12:00:00Z",
    "2026-07-01T12:00:59.999Z", "100", "100", "90", "100"]}"""
_BARE = (
    """UPDATE trades t SET status = 'CLOSED_SL', version = 2, reserved = 0, updated_at = %(at)s,
            exit_time = %(at)s::timestamptz + interval '1 minute', exit_price = t.stop_loss, exit_reason = 'stop_loss',
            fees = 0.19, funding = 0, profit_loss = -1.2, margin = 100, r_multiple = -0.8, mae = -1.2, mfe = 0
        WHERE id = ANY(%(ids)s) AND status = 'OPEN' AND version = 1""",
    f"""INSERT INTO trade_exits (trade_id, part, reason, time, price, quantity, role, fee, gross, cap, evidence)
        SELECT id, 1, 'stop_loss', exit_time, stop_loss, quantity, 'taker', 0.09, -1, 0, '{_EVIDENCE}'
        FROM trades WHERE id = ANY(%(ids)s)""",
    "DELETE FROM live_triggers WHERE trade_id = ANY(%(ids)s)",
    ADD_RESULTS.replace("%s", "%(ids)s"),
    """INSERT INTO ledger (account_id, trade_id, kind, amount)
       SELECT account_id, id, kind, -0.5 FROM trades, unnest(ARRAY['gross_profit', 'exit_fee']) kind
       WHERE id = ANY(%(ids)s)""",
    """WITH n AS (SELECT account_id, count(*) AS n FROM trades WHERE id = ANY(%(ids)s) GROUP BY account_id), moved AS (
           UPDATE accounts a SET balance = balance - n.n, reserved = reserved - 100 * n.n, event_seq = event_seq + n.n
           FROM n WHERE a.id = n.account_id RETURNING a.id, event_seq - n.n AS base)
       INSERT INTO events (stream, seq, type, action, payload)
       SELECT 'a' || t.account_id, base + row_number() OVER (PARTITION BY t.account_id), 'paper_trade', 'closed',
              p.payload
       FROM json_to_recordset(%(payloads)s) AS p(id bigint, payload json)
       JOIN trades t USING (id) JOIN moved ON moved.id = t.account_id""",
)


async def _bare_closings(pool: Pool, count: int) -> float:
    """Closings per second of one connection that knows everything already and only writes the same rows."""
    async with pool.connection() as connection:
        payload = await sample_payload(pool, connection)
        cursor = await connection.execute(
            "SELECT trade_id FROM live_triggers ORDER BY instrument_id, lower LIMIT %s", [count]
        )
        ids = [row[0] for row in await cursor.fetchall()]
        await connection.commit()
        chunks = [ids[start : start + judging.CHANGES_MAX] for start in range(0, len(ids), judging.CHANGES_MAX)]
        prepared = [
            {"ids": chunk, "at": START, "payloads": json.dumps([{"id": id_, "payload": payload} for id_ in chunk])}
            for chunk in chunks
        ]
        started = time.perf_counter()
        for parameters in prepared:
            async with connection.pipeline():
                for statement in _BARE:
                    await connection.execute(statement, parameters)
            await connection.commit()
        return len(ids) / (time.perf_counter() - started)


async def sample_payload(pool: Pool, connection: Connection) -> object:
    """A closing event as the evaluation writes it, so that both sides write the same bytes."""
    await judge_paths(pool, paths(0, Decimal("98.5"), QUIET[1])[0])
    row = await (await connection.execute("SELECT payload FROM events LIMIT 1")).fetchone()
    assert row is not None
    return row[0]
