"""Pages of trades, newest first: which ones, at a cost per page that does not grow with the table."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnClause,
    ColumnElement,
    Select,
    bindparam,
    literal_column,
    select,
    tuple_,
    union_all,
)

from services.db import statement
from services.db.pool import Connection
from services.db.statement import Names, equal, one_of
from services.db.tables import instruments, live_triggers, trades
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.trade import TradeStatus

WINDOW_ROWS = 20_000
"""How many trades one page looks at: a filter that matches hardly any gives short pages, never a long scan."""


Window = Callable[[Names], Select[Any]]
_ACCOUNT = "account_"


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
    values = statement.given(wanted) | {"limit": limit + 1, "window": WINDOW_ROWS}
    accounts = values.pop("account_ids", [])
    if not accounts:
        return IdPage([], None)
    values |= {f"{_ACCOUNT}{n}": id_ for n, id_ in enumerate(accounts)}
    if after is not None:
        values |= {"after_time": after.created_at, "after_id": after.id}
    matching, last = (_LIVE, _LIVE_LAST) if _is_live_only(wanted) else (_ALL, _ALL_LAST)
    keys = [Key(created_at, id_) for id_, created_at in await statement.rows(connection, matching, values)]
    if len(keys) > limit:
        return IdPage([key.id for key in keys[:limit]], keys[limit - 1])
    cut = await statement.rows(connection, last, values)
    return IdPage([key.id for key in keys], Key(cut[0][1], cut[0][0]) if cut else None)


def _is_live_only(wanted: TradeFilter) -> bool:
    return bool(wanted.statuses) and all(status.is_live for status in wanted.statuses)


_COLUMNS = (
    trades.c.id,
    trades.c.created_at,
    trades.c.status,
    trades.c.direction,
    trades.c.source,
    trades.c.instrument_id,
)


def _window(names: Names) -> Select[Any]:
    """Trades by falling (created_at, id), along the index of exactly that."""
    wanted = _made(names, trades.c)
    if "after_id" in names:
        wanted.append(tuple_(trades.c.created_at, trades.c.id) < tuple_(*_after()))
    return _of_accounts(names, select(*_COLUMNS).where(*wanted), trades.c.account_id, ("created_at", "id"))


def _live_window(names: Names) -> Select[Any]:
    """Live trades by falling id: found by their triggers, however many closed ones have come since."""
    window = select(*_COLUMNS).join(live_triggers, live_triggers.c.trade_id == trades.c.id)
    if "after_id" in names:
        window = window.where(live_triggers.c.trade_id < bindparam("after_id"))
    return _of_accounts(names, window, live_triggers.c.account_id, ("id",))


def _of_accounts(names: Names, rows: Select[Any], account_id: ColumnElement[int], order: Sequence[str]) -> Select[Any]:
    """The accounts' rows by falling `order`; each account's in its own right, in its index's order, and then merged.

    Of a list of accounts PostgreSQL would read and sort all rows.
    """

    def ordered(found: Select[Any]) -> Select[Any]:
        return found.order_by(*(found.selected_columns[name].desc() for name in order)).limit(bindparam("window"))

    names_of = sorted(name for name in names if name.startswith(_ACCOUNT))
    each = [ordered(rows.where(account_id == bindparam(name))) for name in names_of]
    return each[0] if len(each) == 1 else ordered(select(union_all(*each).subquery()))


def _after() -> tuple[BindParameter[Any], BindParameter[Any]]:
    return bindparam("after_time", type_=trades.c.created_at.type), bindparam("after_id", type_=BigInteger)


def _matching(window: Window, *order: str) -> Callable[[Names], str]:
    """The first matching rows of a window, which comes in their order and is read only as far as needed."""

    @statement.by_shape
    def compose(names: Names) -> Select[Any]:
        columns = window(names).subquery().c
        found = select(columns.id, columns.created_at).where(*_conditions(names, columns)).limit(bindparam("limit"))
        return found.order_by(*(columns[name].desc() for name in order))

    return compose


def _last(window: Window) -> Callable[[Names], str]:
    """The last row of a window that is full."""
    one: ColumnClause[int] = literal_column("1")
    return statement.by_shape(lambda names: window(names).limit(None).offset(bindparam("window") - one).limit(one))


def _made(names: Names, columns: Any) -> list[ColumnElement[bool]]:
    since = [columns.created_at >= bindparam("since")] if "since" in names else []
    return since + ([columns.created_at < bindparam("until")] if "until" in names else [])


def _conditions(names: Names, columns: Any) -> list[ColumnElement[bool]]:
    conditions = equal(names, {"direction": columns.direction, "source": columns.source}) + _made(names, columns)
    if "statuses" in names:
        conditions.append(one_of(columns.status, "statuses"))
    named = equal(names, {"market": instruments.c.market, "symbol": instruments.c.symbol})
    if named:
        conditions.append(columns.instrument_id.in_(select(instruments.c.id).where(*named)))
    return conditions


_ALL, _ALL_LAST = _matching(_window, "created_at", "id"), _last(_window)
_LIVE, _LIVE_LAST = _matching(_live_window, "id"), _last(_live_window)
