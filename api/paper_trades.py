"""Paper trades: list, open, read, edit, close, cancel."""

from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import Body, FromPath, FromQuery, QueryParameter

from api import cursors, trade_export, trade_results
from api.access import Caller
from api.answer_headers import HEADERS
from api.body import JsonBody
from api.documentation import CLOSE_EXAMPLES, CREATE_EXAMPLES, EDIT_EXAMPLES, SIGNAL_TRADE_EXAMPLES, answered, problems
from api.examples import trades
from api.parameters import (
    AccountId,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    Since,
    Until,
    checked_key,
    choices,
    etag,
    existing,
    moment,
    positive,
    text,
    version_of,
)
from api.schemas import ANYHOW, CloseTrade, EditTrade, Page
from api.sources import asking
from services.db.revisions import Revision
from services.db.trade_list import Key, TradeFilter
from services.domain.command import CommandKind
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import Direction, Target
from services.domain.source import Overrides
from services.domain.trade import TradeStatus
from services.domain.view import TradeView, trade_view
from services.usecases.command_trade import Commanded, Wish, command_trade
from services.usecases.context import Services
from services.usecases.list_trades import list_trades
from services.usecases.new_trade import NewTrade
from services.usecases.note_trade import note_trade
from services.usecases.open_trade import Opened, open_trade, preview_trade
from services.usecases.read_trade import LiveTradeView, read_revisions, read_trade
from services.usecases.trade_by_hand import trade_by_hand

_JSON = "application/json"
_VERSIONED = {HEADERS: ("ETag",)}


def _commanded(description: str, before: dict[str, Any], after: dict[str, Any]) -> dict[int, ResponseSpec]:
    return {
        200: answered(TradeView, description, after),
        202: answered(TradeView, "Accepted; the trade as it still stands.", before),
        **problems(404, 409, 422, 503),
    }


def _made(*examples: dict[str, Any]) -> dict[int, ResponseSpec]:
    return {
        200: answered(TradeView, "Done before with this Idempotency-Key.", examples[0]),
        201: answered(TradeView, "The new trade, OPEN or PENDING.", *examples),
        **problems(404, 409, 422, 503),
    }


@get("/", summary="List trades, newest first", responses=problems(422))
async def list_(
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
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LiveTradeView]:
    """Open trades carry `unrealized_*` at the last quote. A page may be short; only a null `next` ends the list."""
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
    page = await list_trades(services, wanted, limit, cursors.decode(cursor, Key))
    return Page(page.trades, cursors.encode(page.next))


@get("/open_positions", summary="List open trades with their unrealized profit", responses=problems(422))
async def open_positions(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: AccountId = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LiveTradeView]:
    """Newest first."""
    wanted = TradeFilter(account_ids=caller.listed(account_id), statuses=frozenset({TradeStatus.OPEN}))
    page = await list_trades(services, wanted, limit, cursors.decode(cursor, Key))
    return Page(page.trades, cursors.encode(page.next))


@post(
    "/",
    opt=_VERSIONED,
    dto=JsonBody[NewTrade],
    summary="Open a paper trade",
    responses=_made(trades.OPEN, trades.PENDING),
)
async def create(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewTrade, Body(examples=CREATE_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """MARKET entries fill at once at bid or ask; LIMIT entries rest until the price path reaches them."""
    opened = await open_trade(services, caller.chosen(data.account_id), data, checked_key(idempotency_key))
    return _opened(opened)


@post(
    "/preview",
    status_code=200,
    dto=JsonBody[NewTrade],
    summary="What opening a paper trade would make now",
    responses={
        200: answered(TradeView, "The trade that would be.", trades.PREVIEW),
        **problems(404, 409, 422, 503),
    },
)
async def preview(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewTrade, Body(examples=CREATE_EXAMPLES)],
) -> TradeView:
    """Size, margin, fee, liquidation price, or the refusal; nothing is stored, and the id is not kept."""
    return await preview_trade(services, caller.chosen(data.account_id), data)


class FromSignal(Overrides, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signal to trade, on which account (the caller's own if absent), and what shall be otherwise than it says."""

    signal_id: int
    account_id: int | None = None


@post(
    "/create_from_signal",
    opt=_VERSIONED,
    dto=JsonBody[FromSignal],
    summary="Open the trade that a signal asks for",
    responses=_made(trades.SIGNALLED),
)
async def create_from_signal(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[FromSignal, Body(examples=SIGNAL_TRADE_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """At most once an account and signal, whoever asks and however often; until the signal expires."""
    opened = await trade_by_hand(
        services,
        asking(caller),
        existing(data.signal_id, "signal"),
        caller.chosen(data.account_id),
        Overrides(**{name: getattr(data, name) for name in Overrides.__struct_fields__}),
        checked_key(idempotency_key),
    )
    return _opened(opened)


@get("/{trade_id:int}", opt=_VERSIONED, summary="Read a trade", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], trade_id: FromPath[int]
) -> Response[LiveTradeView]:
    """An open trade carries `unrealized_*` at the last quote. The ETag is its version, for If-Match."""
    trade = await read_trade(services, caller.readable_ids, existing(trade_id, "trade"))
    return Response(trade, headers=etag(trade.version))


@get("/{trade_id:int}/revisions", summary="How stop and targets have moved", responses=problems(404, 422))
async def list_revisions(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Revision]:
    """Since the trade was made, oldest first: by edits, by targets that filled, by trailing."""
    id_, after = existing(trade_id, "trade"), cursors.decode(cursor, int)
    found, following = await read_revisions(services, caller.readable_ids, id_, limit, after)
    return Page(found, cursors.encode(following))


@patch(
    "/{trade_id:int}",
    opt=_VERSIONED,
    dto=JsonBody[EditTrade],
    summary="Move stop or target, write the note",
    responses=_commanded("The edited trade.", trades.OPEN, trades.EDITED),
)
async def edit(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[EditTrade, Body(examples=EDIT_EXAMPLES)],
    if_match: IfMatch = None,
) -> Response[bytes]:
    """Of a live trade; the note of any. What the path did until now stands first; 202: the walk will apply it."""
    id_, version = existing(trade_id, "trade"), version_of(if_match)
    if data.stop_loss is None and data.take_profit is None and data.take_profits is None:
        if data.notes is None:
            raise InvalidInput("nothing_to_change", "give stop_loss, take_profit, take_profits or notes")
        noted = await note_trade(services, caller.writable_ids, id_, data.notes, version)
        return _answer(Commanded(trade_view(noted.trade, noted.updated_at), pending=False))
    wish = Wish(
        kind=CommandKind.EDIT,
        stop_loss=positive(data.stop_loss, "stop_loss"),
        targets=_targets(data),
        version=version,
        notes=data.notes,
    )
    return _answer(await command_trade(services, caller.writable_ids, id_, wish))


@post(
    "/{trade_id:int}/close_trade",
    opt=_VERSIONED,
    status_code=200,
    dto=JsonBody[CloseTrade],
    summary="Close an open trade at the market",
    responses=_commanded("The closed trade.", trades.EDITED, trades.CLOSED),
)
async def close(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[CloseTrade, Body(examples=CLOSE_EXAMPLES)] = ANYHOW,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[bytes]:
    """At our bid (LONG) or ask (SHORT). What the path did until now stands first; 202: the walk will apply it."""
    fraction = positive(data.fraction, "fraction")
    if fraction is not None and fraction > 1:
        raise InvalidInput("fraction_above_one", "fraction must be above 0, and 1 at most", field="fraction")
    expected, version = positive(data.current_price, "current_price"), version_of(if_match)
    wish = Wish(kind=CommandKind.CLOSE, fraction=fraction, expected_price=expected, version=version)
    key, id_ = checked_key(idempotency_key), existing(trade_id, "trade")
    return _answer(await command_trade(services, caller.writable_ids, id_, wish, key))


@post(
    "/{trade_id:int}/cancel_trade",
    opt=_VERSIONED,
    status_code=200,
    summary="Cancel a pending trade",
    responses=_commanded("The cancelled trade.", trades.PENDING, trades.CANCELLED),
)
async def cancel(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[bytes]:
    """What the path did until now stands first; 202 means that the walk will apply it."""
    wish = Wish(kind=CommandKind.CANCEL, version=version_of(if_match))
    key, id_ = checked_key(idempotency_key), existing(trade_id, "trade")
    return _answer(await command_trade(services, caller.writable_ids, id_, wish, key))


def _answer(commanded: Commanded) -> Response[bytes]:
    body = msgspec.json.encode(commanded.trade)
    headers = etag(commanded.trade.version)
    return Response(body, status_code=202 if commanded.pending else 200, media_type=_JSON, headers=headers)


class _Versioned(msgspec.Struct):
    """A kept answer's version."""

    version: int


def _opened(opened: Opened) -> Response[bytes]:
    headers = etag(msgspec.json.decode(opened.body, type=_Versioned).version)
    return Response(opened.body, status_code=200 if opened.repeated else 201, media_type=_JSON, headers=headers)


def _targets(data: EditTrade) -> tuple[Target, ...] | None:
    if data.take_profit is not None and data.take_profits is not None:
        raise InvalidInput("two_targets", "give either take_profit or take_profits", field="take_profits")
    if data.take_profits is not None:
        for target in data.take_profits:
            positive(target.price, "take_profits")
            positive(target.fraction, "take_profits")
        return data.take_profits
    price = positive(data.take_profit, "take_profit")
    return None if price is None else (Target(price),)


router = Router(
    "/paper-trades",
    route_handlers=[
        list_,
        open_positions,
        trade_results.read_performance,
        trade_export.export,
        trade_results.read_equity,
        create,
        create_from_signal,
        preview,
        read,
        list_revisions,
        edit,
        close,
        cancel,
    ],
    opt={"access": "public"},
    tags=["Paper trades"],
)
