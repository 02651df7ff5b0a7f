"""Signals: say one, try one out, import many, list, read, cancel."""

from typing import Annotated

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter

from api import cursors, deadline
from api.access import Caller
from api.body import JsonBody
from api.completed import TEXT_BODY, TextBody
from api.documentation import answered, problems
from api.errors import MalformedBody
from api.examples import signals
from api.inbox import rejected
from api.parameters import (
    Cursor,
    IdempotencyKey,
    Limit,
    Since,
    Until,
    checked_key,
    choices,
    existing,
    moment,
    text,
)
from api.schemas import Page
from api.sources import asking
from services.db.signal_list import SignalFilter
from services.db.signals import SignalView
from services.domain.errors import InvalidInput
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.signal import NewSignal, SignalStatus
from services.domain.source import check_name
from services.usecases.context import Services
from services.usecases.import_signals import ImportReport, import_signals
from services.usecases.read_signals import DecidedSignal, cancel_signal, list_signals, read_signal
from services.usecases.sources import ensure_source
from services.usecases.store_signals import Incoming, store_signals
from services.usecases.validate_signal import Validation, validate_signal

IMPORT_BYTES_MAX = 50 * 1024 * 1024
IMPORT_SECONDS = 900.0
IMPORTS = TextBody(
    "text/csv",
    {
        "three_signals": "signal_time,symbol,side,entry,sl,tp1,tp2,leverage,timeframe\r\n"
        "2026-07-01T12:00:00Z,BTCUSDT.P,long,64792.3,62850,66737,68681,5,1h\r\n"
        "2026-07-01T14:00:00Z,ETHUSDT,buy,,1706,2003,,,4h\r\n"
        "2026-07-01T14:00:00Z,BTCUSD.P,long,,62850,66737,,,1h\r\n"
    },
)
_JSON = "application/json"
_SOURCE = "api"
SIGNAL_EXAMPLES = [
    Example(
        summary="A LONG with two targets",
        value={
            "source": "my signals",
            "market_type": "FUTURES",
            "symbol": "BTCUSDT",
            "direction": "LONG",
            "stop_loss_percent": "2",
            "take_profits": [{"percent": "2", "fraction": "0.5"}, {"percent": "4", "fraction": "0.5"}],
            "leverage": 3,
            "timeframe": "1h",
        },
    )
]


class PostedSignal(NewSignal, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signal and the name of its source, which is made at first use and then followed by the caller's account."""

    source: str = _SOURCE


class Unfit(msgspec.Struct, frozen=True):
    """A body that is no signal, and why."""

    payload: bytes
    refused: InvalidInput

    @property
    def source(self) -> str:
        """The source that it names, if it names one."""
        try:
            name = msgspec.json.decode(self.payload, type=_Named).source
            check_name(name)
        except (*MALFORMED, InvalidInput):
            return _SOURCE
        return name


class _Named(msgspec.Struct):
    source: str = _SOURCE


class SaidBody(JsonBody[PostedSignal]):
    """Hands on what does not fit as Unfit: it is stored too."""

    def decode_bytes(self, value: bytes) -> PostedSignal | Unfit:  # type: ignore[override] # told apart by the handler
        """The signal that `value` spells, or why it spells none."""
        try:
            return super().decode_bytes(value)
        except InvalidInput as error:
            return Unfit(value, error)
        except MalformedBody as error:
            return Unfit(value, InvalidInput("malformed_json", str(error)))


@post(
    "/",
    dto=SaidBody,
    summary="Say a signal",
    responses={
        200: ResponseSpec(SignalView, generate_examples=False, description="Said before: by its key, or just now."),
        201: ResponseSpec(SignalView, generate_examples=False, description="Stored; trading it is under way."),
        **problems(409, 422),
    },
)
async def create(
    request: Request[object, object, State],
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[PostedSignal, Body(examples=SIGNAL_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """What breaks a rule, or is no signal at all, is stored as REJECTED; the refusal tells its `signal_id`."""
    key, payload = checked_key(idempotency_key), await request.body()
    if isinstance(data, Unfit):
        incoming = Incoming(payload, refused=data.refused)
    else:
        incoming = Incoming(payload, _signal(data), key=key)
    (stored,) = await store_signals(services, await _source_id(services, caller, data.source), [incoming])
    if stored.signal.status is SignalStatus.REJECTED:
        return rejected(stored.signal)
    status = 200 if stored.repeated else 201
    return Response(msgspec.json.encode(stored.signal), status_code=status, media_type=_JSON)


@post(
    "/validate",
    status_code=200,
    dto=JsonBody[PostedSignal],
    summary="What saying a signal would do now",
    responses=problems(409, 422),
)
async def validate(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[PostedSignal, Body(examples=SIGNAL_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Validation:
    """On each account of the caller that follows: the trade with size, margin, liquidation price, or the refusal.

    Nothing is stored, a new source neither.
    """
    incoming = Incoming(msgspec.json.encode(data), _signal(data), key=checked_key(idempotency_key))
    return await validate_signal(services, asking(caller), data.source, incoming, followed_by=caller.account_id)


@post(
    "/import",
    status_code=200,
    request_max_body_size=IMPORT_BYTES_MAX,
    opt={deadline.SECONDS: IMPORT_SECONDS, TEXT_BODY: IMPORTS},
    summary="Import signals from a CSV file",
    responses=problems(409, 413, 422),
)
async def import_(
    request: Request[object, object, State],
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source: Annotated[str, QueryParameter(description="The source's name, made at first use.")] = "import",
    idempotency_key: IdempotencyKey = None,
) -> ImportReport:
    """The body is the file. Its first row names the columns as alerts name their fields: symbol, side, sl, tp1, ...

    Old signals become EXPIRED records. Every row that is no new signal is told with its line, field and rule. Sent
    again to the same source with the same Idempotency-Key, what is stored already is `repeated`.
    """
    key = checked_key(idempotency_key)
    source_id = await _source_id(services, caller, source)
    return await import_signals(services, source_id, request.stream(), key)


@get("/", summary="List signals, newest first", responses=problems(404, 422))
async def list_(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    source_id: Annotated[list[int] | None, QueryParameter(description="Sources, repeated; all if absent.")] = None,
    status: Annotated[list[str] | None, QueryParameter(description="Statuses, repeated or comma-separated.")] = None,
    market_type: FromQuery[Market | None] = None,
    symbol: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    strategy: FromQuery[str | None] = None,
    timeframe: FromQuery[str | None] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DecidedSignal]:
    """Of the caller's sources, public ones and followed ones. A page may be short; only a null `next` ends the list."""
    wanted = SignalFilter(
        source_ids=tuple(existing(id_, "source") for id_ in (source_id or ())[:100]),
        statuses=choices(status or (), SignalStatus, "status"),
        market=market_type,
        symbol=text(symbol, "symbol"),
        direction=direction,
        strategy=text(strategy, "strategy"),
        timeframe=text(timeframe, "timeframe"),
        since=moment(since, "from"),
        until=moment(until, "to"),
    )
    page = await list_signals(services, asking(caller), wanted, limit, cursors.decode(cursor, int))
    return Page(page.signals, cursors.encode(page.next))


@get("/{signal_id:int}", summary="Read a signal", responses=problems(404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], signal_id: FromPath[int]
) -> DecidedSignal:
    """With what the caller's accounts decided; for its owner also with what was received, for 90 days."""
    return await read_signal(services, asking(caller), existing(signal_id, "signal"))


@post(
    "/{signal_id:int}/cancel",
    status_code=200,
    summary="Cancel a signal",
    responses={200: answered(DecidedSignal, "The signal as it stands now.", signals.CANCELLED), **problems(404, 409)},
)
async def cancel(
    services: NamedDependency[Services], caller: NamedDependency[Caller], signal_id: FromPath[int]
) -> DecidedSignal:
    """One that is ACTIVE: it makes no further trades. Trades that it made stay."""
    return await cancel_signal(services, asking(caller), existing(signal_id, "signal"))


def _signal(data: PostedSignal) -> NewSignal:
    return NewSignal(**{name: getattr(data, name) for name in NewSignal.__struct_fields__})


async def _source_id(services: Services, caller: Caller, name: str) -> int:
    return (await ensure_source(services, caller.user_id, name, followed_by=caller.account_id)).id


router = Router(
    "/signals",
    route_handlers=[list_, create, validate, import_, read, cancel],
    tags=["Signals"],
)
