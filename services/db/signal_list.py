"""Pages of signals, newest first, at a cost per page that does not grow with the table."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnClause, ColumnElement, Select, bindparam, literal_column, select

from services.db import statement
from services.db.pool import Connection
from services.db.statement import Names, equal, one_of
from services.db.tables import instruments, signals
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.signal import SignalStatus

WINDOW_ROWS = 20_000
"""How many signals one page looks at: a filter that matches hardly any gives short pages, never a long scan."""


class SignalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which signals are wanted. `since` <= received_at < `until`; what is empty or None does not narrow."""

    source_ids: tuple[int, ...]
    statuses: frozenset[SignalStatus] = frozenset()
    market: Market | None = None
    symbol: str | None = None
    direction: Direction | None = None
    strategy: str | None = None
    timeframe: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class SignalPage(msgspec.Struct, frozen=True):
    """Ids, newest first; `next` is the id to go on before, None at the end. A page may be short and have a next."""

    ids: list[int]
    next: int | None


async def page(connection: Connection, wanted: SignalFilter, limit: int, before: int | None) -> SignalPage:
    """At most `limit` of the wanted signals with ids below `before`."""
    values = statement.given(wanted) | {"limit": limit + 1, "window": WINDOW_ROWS}
    if before is not None:
        values["before"] = before
    ids = [row[0] for row in await statement.rows(connection, _matching, values)]
    if len(ids) > limit:
        return SignalPage(ids[:limit], ids[limit - 1])
    cut = await statement.rows(connection, _last, values)
    return SignalPage(ids, cut[0][0] if cut else None)


def _window(names: Names) -> Select[Any]:
    window = select(signals).where(one_of(signals.c.source_id, "source_ids", BigInteger))
    if "before" in names:
        window = window.where(signals.c.id < bindparam("before"))
    return window.order_by(signals.c.id.desc())


@statement.by_shape
def _matching(names: Names) -> Select[Any]:
    columns = _window(names).limit(bindparam("window")).subquery().c
    found = select(columns.id).where(*_conditions(names, columns)).order_by(columns.id.desc())
    return found.limit(bindparam("limit"))


@statement.by_shape
def _last(names: Names) -> Select[Any]:
    """The last signal of a window that is full."""
    one: ColumnClause[int] = literal_column("1")
    return _window(names).with_only_columns(signals.c.id).offset(bindparam("window") - one).limit(one)


def _conditions(names: Names, columns: Any) -> list[ColumnElement[bool]]:
    conditions = equal(names, {name: columns[name] for name in ("direction", "strategy", "timeframe")})
    if "statuses" in names:
        conditions.append(one_of(columns.status, "statuses"))
    if "since" in names:
        conditions.append(columns.received_at >= bindparam("since"))
    if "until" in names:
        conditions.append(columns.received_at < bindparam("until"))
    named = equal(names, {"market": instruments.c.market, "symbol": instruments.c.symbol})
    if named:
        conditions.append(columns.instrument_id.in_(select(instruments.c.id).where(*named)))
    return conditions
