"""Pages of signals, newest first, at a cost per page that does not grow with the table."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select

from services.db import statement
from services.db.pool import Connection
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
    window = select(signals).where(signals.c.source_id.in_(wanted.source_ids))
    if before is not None:
        window = window.where(signals.c.id < before)
    window = window.order_by(signals.c.id.desc()).limit(WINDOW_ROWS)
    looked_at = window.subquery()
    found = select(looked_at.c.id).where(*_conditions(wanted, looked_at.c)).order_by(looked_at.c.id.desc())
    ids = [row[0] for row in await statement.rows(connection, found.limit(limit + 1))]
    if len(ids) > limit:
        return SignalPage(ids[:limit], ids[limit - 1])
    cut = await statement.rows(connection, _last(window))
    return SignalPage(ids, cut[0][0] if cut else None)


def _last(window: Select[Any]) -> Select[Any]:
    return window.with_only_columns(signals.c.id).limit(1).offset(WINDOW_ROWS - 1)


def _conditions(wanted: SignalFilter, columns: Any) -> list[ColumnElement[bool]]:
    equal = {
        columns.direction: wanted.direction,
        columns.strategy: wanted.strategy,
        columns.timeframe: wanted.timeframe,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    if wanted.statuses:
        conditions.append(columns.status.in_(sorted(wanted.statuses)))
    if wanted.since is not None:
        conditions.append(columns.received_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.received_at < wanted.until)
    listed = {instruments.c.market: wanted.market, instruments.c.symbol: wanted.symbol}
    named = [column == value for column, value in listed.items() if value is not None]
    if named:
        conditions.append(columns.instrument_id.in_(select(instruments.c.id).where(*named)))
    return conditions
