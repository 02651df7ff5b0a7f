"""A million closed trades: a summary from results and courses beside a computation over every trade.

Both are asked in the same run, of the same rows: 100 days, 966 pairs, 5 sources on one account.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import TypeVar, cast

from bench.book import database
from bench.closed_book import closed_book
from bench.table import Row
from services.db import courses, courses_due, results, scorecards
from services.db.closings import ADD_RESULTS, SUMS
from services.db.pool import Pool
from services.db.results import CLOSED, conditions, values
from services.db.scorecards import CardBy
from services.domain.market import Market
from services.domain.metrics.course import joined
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.plan import Direction
from services.usecases.context import Services
from services.usecases.keep_courses import keep_due
from services.usecases.performance import performance

ACCOUNT = Scope(account_ids=(1,))

T = TypeVar("T")


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"performance of {options.trades:,} closed trades", asyncio.run(_run(options.trades))


async def _run(trades: int) -> list[Row]:
    async with database() as url, closed_book(url, trades) as pool:
        services = cast(Services, SimpleNamespace(pool=pool))
        every, whole = await _timed(lambda: _every_trade(pool))
        first, found = await _timed(lambda: performance(services, ACCOUNT))
        assert (found.total_trades, found.longest_winning_streak) == whole, (found, whole)
        kept, _ = await _timed(lambda: _housekeeping(services))
        filtered = [
            (name, (await _timed(lambda scope=scope: performance(services, scope)))[0])  # type: ignore[misc]
            for name, scope in _FILTERED
        ]
        again = await _best(services, ACCOUNT)
        await _close_one_more(pool)
        grown, found = await _timed(lambda: performance(services, ACCOUNT))
        assert found.total_trades == trades + 1
        rows = [
            _row("summary, nothing kept yet", first, every),
            _row("summary", again, every, 0.1),
            _row("summary after one more closing", grown, every, 0.25),
            _row("housekeeping, first run: every filter", kept, every),
            *(_row(f"never asked before: {name}", seconds, every, 0.25) for name, seconds in filtered),
        ]
        for name, scope, group_by in _QUESTIONS:
            await performance(services, scope, group_by)
            rows.append(_row(name, await _best(services, scope, group_by), every, 0.25))
        for title, source_id, by in _CARDS:
            seconds, _ = await _timed(lambda source_id=source_id, by=by: _sums(pool, source_id, by))  # type: ignore[misc]
            rows.append(_row(title, seconds, every))
    return rows


async def _housekeeping(services: Services) -> None:
    """What the hourly run does about courses, without the bound on its time."""
    async with services.pool.connection() as connection:
        await courses_due.note(connection, ACCOUNT.account_ids)
    await keep_due(services, seconds=3600)


async def _sums(pool: Pool, source_id: int | None, by: CardBy | None) -> None:
    async with pool.connection() as connection:
        assert await scorecards.lines(connection, ACCOUNT.account_ids, source_id, by)


_FILTERED = (
    ("one source", Scope(account_ids=(1,), source="source 1")),
    ("futures", Scope(account_ids=(1,), market=Market.FUTURES)),
    ("LONG", Scope(account_ids=(1,), direction=Direction.LONG)),
    ("SHORT of one source", Scope(account_ids=(1,), direction=Direction.SHORT, source="source 1")),
)
_CARDS = (
    ("scorecard sums, one source", 2, None),
    ("scorecard sums, one source by strategy", 2, CardBy.STRATEGY),
    ("scorecard sums, one source by symbol", 2, CardBy.SYMBOL),
    ("scorecard sums, every source", None, CardBy.SOURCE),
)


_QUESTIONS = (
    ("summary, by symbol", ACCOUNT, GroupBy.SYMBOL),
    ("summary, by hour", ACCOUNT, GroupBy.HOUR),
    ("one source", Scope(account_ids=(1,), source="source 1"), None),
    ("SHORT on futures, by exit reason",
     Scope(account_ids=(1,), market=Market.FUTURES, direction=Direction.SHORT), GroupBy.EXIT_REASON),
    ("one symbol", Scope(account_ids=(1,), symbol="PAIR500USDT"), None),
)  # fmt: skip


def _row(name: str, seconds: float, every: float, bound: float | None = None) -> Row:
    return Row(
        name,
        f"{1000 * seconds:.0f} ms",
        f"every trade {1000 * every:,.0f} ms",
        seconds / every,
        "" if bound is None else f"<= {bound}",
        None if bound is None else seconds <= bound * every,
    )


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    started = time.perf_counter()
    found = await work()
    return time.perf_counter() - started, found


async def _best(services: Services, scope: Scope, group_by: GroupBy | None = None) -> float:
    return min([(await _timed(lambda: performance(services, scope, group_by)))[0] for _ in range(5)])


async def _every_trade(pool: Pool) -> tuple[int, int]:
    """The sums and the course of all trades, from the trades; their number and the longest winning streak."""
    async with pool.connection() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        cursor = await connection.execute(f"SELECT {SUMS} FROM {CLOSED} WHERE {conditions(ACCOUNT)}", values(ACCOUNT))
        row = await cursor.fetchone()
        assert row is not None
        counts = {day: tally.trades for day, tally in (await results.days(connection, ACCOUNT)).items()}
        by_day = await courses.read(connection, ACCOUNT, counts)
    return row[0], joined(by_day[day] for day in sorted(by_day)).wins.longest


async def _close_one_more(pool: Pool) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(_ONE_MORE)
        row = await cursor.fetchone()
        assert row is not None
        await connection.execute(ADD_RESULTS, [[row[0]]])


_ONE_MORE = """
INSERT INTO trades (account_id, instrument_id, direction, entry_type, stop_loss, initial_stop, position_size, leverage,
    quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status, reserved, entry_time, entry_price,
    entry_role, entry_fee, entry_evidence, exit_time, exit_price, exit_reason, fees, funding, profit_loss, margin,
    source, created_at, updated_at)
SELECT account_id, instrument_id, direction, entry_type, stop_loss, initial_stop, position_size, leverage, quantity,
    maker_rate, taker_rate, fill_model, half_spread, average_range, status, reserved, entry_time, entry_price,
    entry_role, entry_fee, entry_evidence, exit_time, exit_price, exit_reason, fees, funding, profit_loss, margin,
    source, created_at, updated_at
FROM trades WHERE exit_time IS NOT NULL ORDER BY id DESC LIMIT 1 RETURNING id
"""
