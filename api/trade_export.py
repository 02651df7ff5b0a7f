"""Trades as a CSV file, however many: streamed page by page, each in a transaction of its own."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.access import Caller
from api.answer_headers import HEADERS
from api.documentation import answered, problems
from api.examples import trades
from api.parameters import AccountId, Since, Until, choices, moment, text
from services.db.trade_list import TradeFilter
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.trade import TradeStatus
from services.domain.view import TradeView
from services.usecases.context import Services
from services.usecases.list_trades import list_trades
from services.usecases.read_trade import LiveTradeView

PAGE_ROWS = 500
_NESTED = {"symbol_detail", "take_profits", "rules", "exits", "entry_evidence", "exit_evidence"}
COLUMNS = tuple(name for name in TradeView.__struct_fields__ if name not in _NESTED)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: Any) -> str:
    """As JSON has it. Text that a spreadsheet would take for a formula is quoted by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return str(msgspec.to_builtins(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    words = str(value)
    return f"'{words}" if isinstance(value, str) and words.startswith(_FORMULA) else words


def _text(rows: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


_EXAMPLE = _text([COLUMNS, *([_cell(trade[name]) for name in COLUMNS] for trade in (trades.PENDING, trades.CLOSED))])


@get(
    "/export.csv",
    opt={HEADERS: ("Content-Disposition",)},
    summary="Trades as CSV, newest first",
    responses={
        200: answered(str, "One line a trade.", _EXAMPLE, media_type="text/csv"),
        **problems(404, 422),
    },
)
async def export(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    status: Annotated[list[str] | None, QueryParameter(description="Statuses, repeated or comma-separated.")] = None,
    market_type: FromQuery[Market | None] = None,
    symbol: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    source: FromQuery[str | None] = None,
    account_id: AccountId = None,
    since: Since = None,
    until: Until = None,
) -> Stream:
    """All that the same filters list. Trades opened or closed meanwhile may be in it or not, none is in it twice."""
    wanted = TradeFilter(
        account_ids=caller.listed(account_id),
        statuses=choices(status or (), TradeStatus, "status"),
        market=market_type,
        symbol=text(symbol, "symbol"),
        direction=direction,
        source=text(source, "source"),
        since=moment(since, "from"),
        until=moment(until, "to"),
    )
    headers = {"Content-Disposition": 'attachment; filename="paper-trades.csv"'}
    return Stream(_lines(services, wanted), media_type="text/csv", headers=headers)


async def _lines(services: Services, wanted: TradeFilter) -> AsyncIterator[str]:
    yield _text([COLUMNS])
    page = await list_trades(services, wanted, PAGE_ROWS)
    while True:
        yield _text([_row(trade) for trade in page.trades])
        if page.next is None:
            return
        page = await list_trades(services, wanted, PAGE_ROWS, page.next)


def _row(trade: LiveTradeView) -> list[str]:
    return [_cell(getattr(trade, name)) for name in COLUMNS]
