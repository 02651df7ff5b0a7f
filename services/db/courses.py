"""Courses of days: what depends on the order of trades, kept for each scope that was asked for.

A kept course counts while its number of trades is that of the results. So nothing has to be done about it when a trade
closes, however late and in whatever order: the next question finds that day grown, and reads its trades once more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import msgspec

from services.db import voids
from services.db.pool import Connection
from services.db.results import CLOSED, conditions, values
from services.domain.metrics.course import Course, course
from services.domain.metrics.scope import Cell, Scope
from services.domain.metrics.tally import Closed

TRADES_AT_ONCE = 20_000
"""Days are read together up to so many trades; a day with more is read alone."""


class Placed(NamedTuple):
    """A closed trade and which cell it belongs to."""

    cell: Cell
    trade: Closed


Rows = Sequence[tuple[Any, ...]]
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Course).decode


async def kept(connection: Connection, scope: Scope) -> dict[date, Course]:
    """The kept courses of the scope's days."""
    cursor = await connection.execute(
        """SELECT day, course::text FROM courses WHERE scope = %(name)s
           AND (%(since)s::date IS NULL OR day >= %(since)s) AND (%(until)s::date IS NULL OR day < %(until)s)""",
        {"name": scope.name, "since": scope.since, "until": scope.until},
    )
    return {day: _decode(text) for day, text in await cursor.fetchall()}


async def counts(connection: Connection, scopes: Iterable[Scope]) -> dict[Scope, dict[date, int]]:
    """How many trades each kept course of these scopes is of, by day; a scope without any is left out."""
    by_name = {scope.name: scope for scope in scopes}
    cursor = await connection.execute("SELECT scope, day, trades FROM courses WHERE scope = ANY(%s)", [list(by_name)])
    found: dict[Scope, dict[date, int]] = {}
    for name, day, trades in await cursor.fetchall():
        found.setdefault(by_name[name], {})[day] = trades
    return found


async def read(connection: Connection, scope: Scope, counts: Mapping[date, int]) -> dict[date, Course]:
    """The courses of the days in `counts` (trades by day), from the trades themselves."""
    found: dict[date, Course] = {}
    for days in batches(counts):
        by_day = placed(await rows(connection, scope, days), days)
        found |= {day: course(each.trade for each in by_day[day]) for day in by_day}
    return found


async def rows(connection: Connection, scope: Scope, days: Sequence[date]) -> Rows:
    """The scope's trades from the first of these days (ascending) to the last, in order, as `placed` takes them."""
    cursor = await connection.execute(_TRADES.format(scope=conditions(scope)), values(scope) | _span(days), binary=True)
    return await cursor.fetchall()


def placed(rows: Rows, days: Iterable[date]) -> dict[date, list[Placed]]:
    """The trades of each of these days in order, with what a course needs of them."""
    wanted, found = set(days), dict[date, list[Placed]]()
    for day, market, direction, source, id_, entry_time, exit_time, profit_loss in rows:
        if day in wanted:
            trade = Closed(id=id_, entry_time=entry_time, exit_time=exit_time, profit_loss=profit_loss)
            found.setdefault(day, []).append(Placed(Cell(market, direction, source), trade))
    return found


async def trades_of(connection: Connection, scope: Scope, day: date) -> list[Closed]:
    """The scope's trades of one day in order."""
    return [each.trade for each in placed(await rows(connection, scope, [day]), [day]).get(day, ())]


async def struck_out(connection: Connection) -> int:
    """How many trades have been struck out, ever: read together with what will be kept."""
    cursor = await connection.execute("SELECT struck_out FROM system")
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def keep(connection: Connection, scope: Scope, courses: Mapping[date, Course], struck_out_then: int) -> None:
    """Keep the courses, where no later one is kept already, and no trade was struck out since they were read."""
    days = sorted(courses)
    await connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [voids.LOCK])
    if await struck_out(connection) != struck_out_then:
        return
    await connection.execute(
        """INSERT INTO courses AS c (scope, account_ids, day, trades, course)
           SELECT %s, %s, v.day, v.trades, v.course::json FROM unnest(%s::date[], %s::bigint[], %s::text[])
               AS v(day, trades, course)
           ON CONFLICT (scope, day) DO UPDATE SET trades = excluded.trades, course = excluded.course, made_at = now()
           WHERE c.trades < excluded.trades""",
        [
            scope.name,
            list(scope.account_ids),
            days,
            [courses[day].trades for day in days],
            [_encode(courses[day]).decode() for day in days],
        ],
    )


def batches(counts: Mapping[date, int]) -> Iterator[Sequence[date]]:
    """The days (with their number of trades) ascending, as many together as are read at once."""
    days: list[date] = []
    trades = 0
    for day in sorted(counts):
        if days and trades + counts[day] > TRADES_AT_ONCE:
            yield days
            days, trades = [], 0
        days.append(day)
        trades += counts[day]
    if days:
        yield days


def _span(days: Sequence[date]) -> dict[str, object]:
    """As moments: row-level security lets no comparison of a moment with a date use an index."""
    return {"first": _begin(days[0]), "behind": _begin(days[-1] + timedelta(days=1))}


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


_TRADES = f"""
SELECT day, market, direction, source, id, entry_time, exit_time, profit_loss FROM {CLOSED}
WHERE {{scope}} AND exit_time >= %(first)s AND exit_time < %(behind)s ORDER BY exit_time, id
"""
