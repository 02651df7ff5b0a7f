"""Sums over closed trades, read from the results by day, or from the trades where those are not fine enough.

The results hold every closed trade twice: by day and instrument, and by day, hour, market, direction, source and exit
reason. What combines instruments with the rest, and multiples of the risk, are summed up from the trades themselves.
"""

from datetime import date
from typing import Any

import msgspec

from services.db import courses_due, voids
from services.db.closings import SUMS
from services.db.pool import Connection
from services.domain.metrics.scope import Cell, GroupBy, Scope
from services.domain.metrics.tally import Tally

GROUPS_MAX = 5000
"""A breakdown has at most so many lines: those with the most trades."""

_MERGED_AT_ONCE = 50


class Key(msgspec.Struct, frozen=True):
    """What a group's trades have in common; a symbol comes with its market, for both have a BTCUSDT."""

    value: str
    market: str | None = None


async def days(connection: Connection, scope: Scope) -> dict[date, Tally]:
    """The sums by day of exit, ascending; days without a closed trade are left out."""
    source = _source(scope, None)
    cursor = await connection.execute(
        f"SELECT day, {source.sums} FROM {source.rows} GROUP BY day ORDER BY day", values(scope)
    )
    return {day: _tally(sums) for day, *sums in await cursor.fetchall()}


async def cells(connection: Connection, account_id: int) -> list[tuple[date, Cell, int]]:
    """How many trades of the account closed on each day, by what they can be filtered by."""
    cursor = await connection.execute(
        """SELECT day, market, direction, source, sum(trades)::bigint FROM results
           WHERE instrument_id IS NULL AND account_id = %s GROUP BY day, market, direction, source""",
        [account_id],
    )
    return [(day, Cell(*cell), trades) for day, *cell, trades in await cursor.fetchall()]


async def groups(connection: Connection, scope: Scope, group_by: GroupBy) -> list[tuple[Key, Tally]]:
    """The sums of each group, by its key."""
    source = _source(scope, group_by)
    market = "market" if group_by is GroupBy.SYMBOL else "NULL"
    cursor = await connection.execute(
        f"""SELECT {_COLUMN[group_by]}::text AS key, {market} AS kind, {source.sums} FROM {source.rows}
            GROUP BY key, kind ORDER BY 3 DESC LIMIT {GROUPS_MAX}""",
        values(scope),
    )
    found = [(Key(key, kind), _tally(sums)) for key, kind, *sums in await cursor.fetchall()]
    return sorted(found, key=lambda group: (group[0].value, group[0].market or ""))


async def merge(connection: Connection) -> set[int]:
    """Make one row of all rows of a key, some days in a transaction each; the accounts of which there were any.

    Whoever reads meanwhile sees the rows before or the rows after. Two mergers at once do the work once.
    """
    merged: set[int] = set()
    while True:
        cursor = await connection.execute(
            f"SELECT DISTINCT account_id, day FROM results WHERE NOT merged LIMIT {_MERGED_AT_ONCE}"
        )
        rows = await cursor.fetchall()
        if not rows:
            return merged
        for condition in ("IS NULL", "IS NOT NULL"):
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [voids.LOCK])
            await connection.execute(
                _MERGE.format(condition=condition), [[row[0] for row in rows], [row[1] for row in rows]]
            )
            await courses_due.note(connection, {row[0] for row in rows})
            await connection.commit()
        merged.update(row[0] for row in rows)


class _Source(msgspec.Struct, frozen=True):
    """Where sums come from: a FROM clause with its conditions, and the sums over its rows."""

    rows: str
    sums: str


_FINE = frozenset({GroupBy.DIRECTION, GroupBy.SOURCE, GroupBy.HOUR, GroupBy.EXIT_REASON})
_COLUMN = {each: each.value for each in GroupBy} | {GroupBy.R_MULTIPLE: "trim_scale(floor(2 * r_multiple) / 2)"}


def _source(scope: Scope, group_by: GroupBy | None) -> _Source:
    if group_by is GroupBy.R_MULTIPLE:
        return _Source(f"{CLOSED} WHERE {conditions(scope)} AND r_multiple IS NOT NULL", SUMS)
    by_instrument = scope.symbol is not None or group_by is GroupBy.SYMBOL
    if not by_instrument:
        return _Source(f"results WHERE instrument_id IS NULL AND {conditions(scope)}", RESULT_SUMS)
    if scope.direction or scope.source or group_by in _FINE:
        return _Source(f"{CLOSED} WHERE {conditions(scope)}", SUMS)
    return _Source(f"{_BY_INSTRUMENT} WHERE {conditions(scope)}", RESULT_SUMS)


def conditions(scope: Scope) -> str:
    """The scope as conditions on rows of results or of `CLOSED`; the values are `values(scope)`."""
    narrowed = {
        "market = %(market)s": scope.market,
        "symbol = %(symbol)s": scope.symbol,
        "direction = %(direction)s": scope.direction,
        "source = %(source)s": scope.source,
        "day >= %(since)s": scope.since,
        "day < %(until)s": scope.until,
    }
    return " AND ".join(
        ["account_id = ANY(%(account_ids)s)", *(text for text, value in narrowed.items() if value is not None)]
    )


def values(scope: Scope) -> dict[str, object]:
    """What `conditions(scope)` compares with."""
    return msgspec.structs.asdict(scope) | {"account_ids": list(scope.account_ids)}


CLOSED = """(
    SELECT t.*, i.market, i.symbol, (t.exit_time AT TIME ZONE 'UTC')::date AS day,
        extract(hour FROM t.exit_time AT TIME ZONE 'UTC')::int AS hour
    FROM trades t JOIN instruments i ON i.id = t.instrument_id WHERE t.exit_time IS NOT NULL AND t.status <> 'VOIDED'
) closed"""
"""The closed trades that count, with their market, symbol, day and hour."""

_SUMMED = Tally.__struct_fields__
_COUNTS = frozenset({"trades", "wins", "losses", "risked", "excursions", "ambiguous"})
_AGGREGATE = {"largest_win": "max(largest_win)", "largest_loss": "min(largest_loss)"}
_AGGREGATE |= {name: f"sum({name})::bigint" for name in _COUNTS}
RESULT_SUMS = ", ".join(_AGGREGATE.get(name, f"sum({name})") for name in _SUMMED)
"""The sums over rows of results, in the order of `Tally`."""

_BY_INSTRUMENT = f"""(
    SELECT r.account_id, r.day, i.market, i.symbol, {", ".join(f"r.{name}" for name in _SUMMED)}
    FROM results r JOIN instruments i ON i.id = r.instrument_id WHERE r.instrument_id IS NOT NULL
) by_instrument"""

_KEYS = "account_id, day, instrument_id, hour, market, direction, source, exit_reason"
_MERGE = f"""
WITH gone AS (
    DELETE FROM results r USING unnest(%s::bigint[], %s::date[]) AS d(account_id, day)
    WHERE r.account_id = d.account_id AND r.day = d.day AND r.instrument_id {{condition}} RETURNING r.*
)
INSERT INTO results ({_KEYS}, merged, {", ".join(_SUMMED)})
SELECT {_KEYS}, true, {RESULT_SUMS} FROM gone GROUP BY {_KEYS}
"""


def _tally(sums: list[Any]) -> Tally:
    return Tally(**dict(zip(_SUMMED, sums, strict=True)))
