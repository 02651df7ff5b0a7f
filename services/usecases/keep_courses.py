"""Courses kept before anybody asks for them, and batch by batch: whoever is cut off keeps what there is so far."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from services.db import acting, courses, courses_due, results
from services.db.courses import Rows
from services.db.pool import Connection
from services.domain.market import Market
from services.domain.metrics.course import Course, course
from services.domain.metrics.scope import Cell, Scope
from services.domain.metrics.tally import Closed
from services.domain.plan import Direction
from services.usecases.context import Services

SOURCES_MAX = 20
"""So many sources of an account, those with the most trades, are kept ahead; others when somebody asks."""
SECONDS_MAX = 120.0
"""How long one run works at most; what is left then waits for the next."""
_DUE_AT_ONCE = 100

ByDay = Mapping[date, int]


async def keep_due(services: Services, seconds: float = SECONDS_MAX) -> None:
    """Keep the courses of accounts in which something has closed, those first that have waited longest."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        async with services.pool.connection() as connection:
            due = await courses_due.oldest(connection, _DUE_AT_ONCE)
        for account_id, noted_at in due:
            async with services.pool.connection() as connection:
                if not await _keep_account(connection, account_id, end):
                    return
                await courses_due.done(connection, account_id, noted_at)
        if len(due) < _DUE_AT_ONCE:
            return


async def _keep_account(connection: Connection, account_id: int, end: float) -> bool:
    """Keep whatever can be asked of the account by market, direction and source; False if time was up before."""
    whole = Scope(account_ids=(account_id,))
    cells = await results.cells(connection, account_id)
    wanted = _by_scope(whole, cells)
    kept = await courses.counts(connection, wanted)
    await connection.rollback()
    stale = {scope: _grown(days, kept.get(scope, {})) for scope, days in wanted.items()}
    return await keep_stale(connection, whole, {scope: days for scope, days in stale.items() if days}, end)


def _by_scope(whole: Scope, cells: Iterable[tuple[date, Cell, int]]) -> dict[Scope, dict[date, int]]:
    """The trades by day of every scope that has any; of sources, the largest."""
    trades = Counter[str]()
    for _, cell, count in cells:
        trades[cell.source] += count
    sources = {source for source, _ in trades.most_common(SOURCES_MAX)}
    found: dict[Scope, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for day, cell, count in cells:
        for market in (None, Market(cell.market)):
            for direction in (None, Direction(cell.direction)):
                for source in (None, cell.source) if cell.source in sources else (None,):
                    scope = Scope(account_ids=whole.account_ids, market=market, direction=direction, source=source)
                    found[scope][day] += count
    return found


def _grown(now: ByDay, kept: ByDay) -> dict[date, int]:
    return {day: count for day, count in now.items() if kept.get(day) != count}


async def keep_stale(
    connection: Connection, whole: Scope, stale: Mapping[Scope, ByDay], end: float | None = None
) -> bool:
    """Work out the stale days of scopes that lie inside `whole`, and keep them batch by batch.

    The connection's transaction is ended, each batch has its own. False if time was up before all was done.
    """
    largest: dict[date, int] = {}
    for days in stale.values():
        for day, count in days.items():
            largest[day] = max(count, largest.get(day, 0))
    for days_at_once in courses.batches(largest):
        if end is not None and time.monotonic() >= end:
            return False
        await acting.begin_reading(connection)
        struck_out = await courses.struck_out(connection)
        rows = await courses.rows(connection, whole, days_at_once)
        await connection.rollback()  # nobody waits for a transaction that is at its sums
        made = await asyncio.to_thread(_fold, rows, days_at_once, stale)
        await acting.tell(connection)
        for scope, found in made.items():
            await courses.keep(connection, scope, found, struck_out)
        await connection.commit()
    return True


def _fold(rows: Rows, days: Iterable[date], stale: Mapping[Scope, ByDay]) -> dict[Scope, dict[date, Course]]:
    made: dict[Scope, dict[date, Course]] = defaultdict(dict)
    for day, trades in courses.placed(rows, days).items():
        parts: dict[Scope, list[Closed]] = {scope: [] for scope, days in stale.items() if day in days}
        into: dict[Cell, list[list[Closed]]] = {}
        for cell, trade in trades:
            if cell not in into:
                into[cell] = [part for scope, part in parts.items() if scope.holds(cell)]
            for part in into[cell]:
                part.append(trade)
        for scope, part in parts.items():
            made[scope][day] = course(part)
    return made
