"""Pages of trades, newest first: which ones, at a cost per page that does not grow with the table."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, select, tuple_

from services.db import statement
from services.db.pool import Connection
from services.db.tables import instruments, live_triggers, trades
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.trade import TradeStatus

WINDOW_ROWS = 20_000
"""How many trades one page looks at: a filter that matches hardly any gives short pages, never a long scan."""


class TradeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which trades are wanted. `since` <= created_at < `until`; what is empty or None does not narrow."""

    account_ids: tuple[int, ...]
    statuses: frozenset[TradeStatus] = frozenset()
    market: Market | None = None
    symbol: str | None = None
    direction: Direction | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Key(msgspec.Struct, frozen=True, array_like=True):
    """The place of a trade in the list; the next page starts after it."""

    created_at: datetime
    id: int


class IdPage(msgspec.Struct, frozen=True):
    """Ids in the list's order; `next` is None at the list's end. A page may be short and still have a next."""

    ids: list[int]
    next: Key | None


async def page(connection: Connection, wanted: TradeFilter, limit: int, after: Key | None) -> IdPage:
    """At most `limit` of the wanted trades after the key `after`, newest first."""
    looked_at = _live_window(wanted, after) if _is_live_only(wanted) else _window(wanted, after)
    rows = await statement.rows(connection, _matching(looked_at, wanted, limit + 1))
    keys = [Key(created_at, id_) for id_, created_at in rows]
    if len(keys) > limit:
        return IdPage([key.id for key in keys[:limit]], keys[limit - 1])
    cut = await statement.rows(connection, _bare(looked_at).offset(WINDOW_ROWS - 1).limit(1))
    return IdPage([key.id for key in keys], Key(cut[0][1], cut[0][0]) if cut else None)


def _matching(looked_at: Select[Any], wanted: TradeFilter, limit: int) -> Select[Any]:
    """The first matching rows of a window, which comes in their order and is read only as far as needed."""
    window = looked_at.limit(WINDOW_ROWS).subquery()
    found = select(window.c.id, window.c.created_at).where(*_conditions(wanted, window.c)).limit(limit)
    order = (window.c.id.desc(),) if _is_live_only(wanted) else (window.c.created_at.desc(), window.c.id.desc())
    return found.order_by(*order)


def _is_live_only(wanted: TradeFilter) -> bool:
    return bool(wanted.statuses) and all(status.is_live for status in wanted.statuses)


def _bare(looked_at: Select[Any]) -> Select[Any]:
    return looked_at.with_only_columns(trades.c.id, trades.c.created_at)


_COLUMNS = (
    trades.c.id,
    trades.c.created_at,
    trades.c.status,
    trades.c.direction,
    trades.c.source,
    trades.c.instrument_id,
)


def _window(wanted: TradeFilter, after: Key | None) -> Select[Any]:
    """Trades by falling (created_at, id), along the index of exactly that."""
    window = select(*_COLUMNS).where(trades.c.account_id.in_(wanted.account_ids))
    if after is not None:
        window = window.where(tuple_(trades.c.created_at, trades.c.id) < tuple_(after.created_at, after.id))
    if wanted.since is not None:
        window = window.where(trades.c.created_at >= wanted.since)
    if wanted.until is not None:
        window = window.where(trades.c.created_at < wanted.until)
    return window.order_by(trades.c.created_at.desc(), trades.c.id.desc())


def _live_window(wanted: TradeFilter, after: Key | None) -> Select[Any]:
    """Live trades by falling id: found by their triggers, however many closed ones have come since."""
    window = select(*_COLUMNS).join(live_triggers, live_triggers.c.trade_id == trades.c.id)
    window = window.where(live_triggers.c.account_id.in_(wanted.account_ids))
    if after is not None:
        window = window.where(live_triggers.c.trade_id < after.id)
    return window.order_by(live_triggers.c.trade_id.desc())


def _conditions(wanted: TradeFilter, columns: Any) -> list[ColumnElement[bool]]:
    equal = {columns.direction: wanted.direction, columns.source: wanted.source}
    conditions = [column == value for column, value in equal.items() if value is not None]
    if wanted.statuses:
        conditions.append(columns.status.in_(sorted(wanted.statuses)))
    if wanted.since is not None:
        conditions.append(columns.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.created_at < wanted.until)
    listed = {instruments.c.market: wanted.market, instruments.c.symbol: wanted.symbol}
    named = [column == value for column, value in listed.items() if value is not None]
    if named:
        conditions.append(columns.instrument_id.in_(select(instruments.c.id).where(*named)))
    return conditions
