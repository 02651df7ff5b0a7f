"""The event stream: everything that happens to the caller's trades, live and resumable."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from api import told
from api.access import Caller
from api.documentation import answered, problems
from api.gate import TICKET
from api.hub import Hub
from api.parameters import existing, text
from api.price_board import Pair
from api.subscription import Holder, Subscription
from services.coordination.tickets import TICKET_SECONDS
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.event_feed import (
    SOURCES_MAX,
    check_readable,
    listed_pairs,
    sources_to_follow,
    streams_of,
)
from services.usecases.identify import Identifier

ABORT_EXTENSION = "paperfleet.abort"
"""The ASGI extension by which our server lets a handler cut its connection."""
PAIRS_MAX = 1000
POSITIONS, ALL = "positions", "all"


class TicketView(msgspec.Struct, frozen=True):
    """A stream ticket, good for one connection within `seconds`."""

    ticket: str
    seconds: int


Start = Annotated[Literal["start"] | None, QueryParameter(name="from", description="`start`: everything that is kept.")]


@post(
    "/tickets",
    opt={"access": "read"},
    status_code=201,
    summary="Get a stream ticket",
    responses=problems(401, 403, 429, 503),
)
async def make_ticket(identifier: NamedDependency[Identifier], caller: NamedDependency[Caller]) -> TicketView:
    """For a reader that can send neither cookie nor header: `GET /api/events/?ticket=...`, once, within a minute."""
    assert caller.identity is not None
    return TicketView(await identifier.make_ticket(caller.identity), TICKET_SECONDS)


@get(
    "/",
    opt={"access": "public", TICKET: True},
    summary="Server-sent events",
    responses={
        200: answered(str, told.MEANING, told.EXAMPLE, media_type="text/event-stream"),
        **problems(401, 404, 422, 429, 503),
    },
)
async def stream(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Caller],
    hub: NamedDependency[Hub],
    services: NamedDependency[Services],
    last_event_id: Annotated[str | None, QueryParameter(name="last_event_id", max_length=4000)] = None,
    last_event_id_header: Annotated[str | None, HeaderParameter(name="Last-Event-ID", required=False)] = None,
    start: Start = None,
    prices: Annotated[str | None, QueryParameter(description="`SPOT:BTCUSDT,...` and `positions`, or `all`")] = None,
    ticket: Annotated[str | None, QueryParameter(max_length=100, description="In place of a cookie or a key.")] = None,
    sources: Annotated[
        list[int] | None, QueryParameter(description="Ids of sources, in place of one's own and the followed ones.")
    ] = None,
) -> Stream:
    """Without Last-Event-ID it starts now. A client that does not read is cut off, and resumes by its last id."""
    async with hub.joining:
        pairs, positions = (await listed_pairs(services), False) if prices == ALL else _pairs(prices)
        source_ids = await _sources(services, caller, sources)
        client = await hub.connect(
            Subscription(
                streams=tuple(streams_of(caller.listed(), source_ids)),
                last_event_id=last_event_id_header or last_event_id or "",
                from_start=start is not None,
                pairs=pairs,
                account_ids=caller.listed() if positions else (),
                abort=_abort(request),
                holder=Holder(
                    name=f"user {caller.user_id}" if caller.user_id else f"address {_address(request)}",
                    via=caller.via,
                    user_id=caller.user_id,
                    account_ids=caller.account_ids,
                    source_ids=tuple(source_ids),
                    chose_sources=sources is not None,
                ),
            )
        )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(client.frames(), media_type="text/event-stream", headers=headers)


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


async def _sources(services: Services, caller: Caller, named: list[int] | None) -> list[int]:
    """The sources whose streams are wanted. Raises InvalidInput or NotFound."""
    if named is None:
        return (await sources_to_follow(services, [caller.user_id])).get(caller.user_id, [])
    if len(set(named)) > SOURCES_MAX:
        raise InvalidInput("too_many_sources", f"at most {SOURCES_MAX} sources can be followed", field="sources")
    wanted = [existing(id_, "source") for id_ in sorted(set(named))]
    await check_readable(services, caller.user_id, caller.account_ids, wanted)
    return wanted


def _abort(request: Request[Any, Any, Any]) -> Callable[[], None]:
    extensions: dict[str, Any] = request.scope.get("extensions") or {}
    abort: Callable[[], None] = extensions.get(ABORT_EXTENSION, {}).get("abort", lambda: None)
    return abort


def _pairs(prices: str | None) -> tuple[frozenset[Pair], bool]:
    """The pairs that `prices` names, and whether it asks for those of the positions. Raises InvalidInput."""
    names = [name for name in (prices or "").split(",") if name]
    named = {name for name in names if name != POSITIONS}
    if len(named) > PAIRS_MAX:
        raise InvalidInput("too_many_pairs", f"prices of at most {PAIRS_MAX} pairs can be followed", field="prices")
    pairs = set()
    for name in named:
        market, _, symbol = name.partition(":")
        if market not in list(Market) or not text(symbol, "prices"):
            raise InvalidInput("bad_pair", "prices must be MARKET:SYMBOL, comma-separated", field="prices")
        pairs.add((Market(market), symbol))
    return frozenset(pairs), POSITIONS in names


router = Router("/events", route_handlers=[stream, make_ticket], tags=["Events"])
