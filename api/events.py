"""The event stream: everything that happens to the caller's trades, live and resumable."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, HeaderParameter, QueryParameter
from litestar.response import Stream

from api import told
from api.access import Caller
from api.body import JsonBody
from api.documentation import CHANNELS_EXAMPLES, answered, problems
from api.gate import TICKET
from api.hub import Hub
from api.parameters import existing, text
from api.price_board import Pair
from api.subscription import Holder, Subscription
from services.coordination.caller_network import network_of
from services.coordination.tickets import TICKET_SECONDS
from services.domain.credentials import ANYTHING, Channels
from services.domain.errors import Forbidden, InvalidInput
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
    dto=JsonBody[Channels],
    opt={"access": "read"},
    status_code=201,
    summary="Get a stream ticket",
    responses=problems(401, 403, 404, 422, 429, 503),
)
async def make_ticket(
    identifier: NamedDependency[Identifier],
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[Channels, Body(examples=CHANNELS_EXAMPLES)] = ANYTHING,
) -> TicketView:
    """For a reader that can send neither cookie nor header: `GET /api/events/?ticket=...`, once, within half a minute.

    A ticket that names accounts, sources or prices opens those and nothing else (an empty list names none; `positions`
    are those of the named accounts); one that names nothing at all opens all that the caller may see.
    """
    assert caller.identity is not None
    _reached(caller, data.account_ids or ())
    await _sources(services, caller, data.sources or ())
    _, positions = _pairs(data.prices if data.prices != ALL else None)
    if positions and not data.account_ids:
        raise InvalidInput("whose_positions", "positions are those of account_ids: name them as well", field="prices")
    return TicketView(await identifier.make_ticket(caller.identity, data), TICKET_SECONDS)


@get(
    "/",
    opt={"access": "public", TICKET: True},
    summary="Server-sent events",
    responses={
        200: answered(str, told.MEANING, told.EXAMPLE, media_type="text/event-stream"),
        **problems(401, 403, 404, 422, 429, 503),
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
    account_ids: Annotated[
        list[int] | None, QueryParameter(description="Ids of accounts, the public one too, in place of all one's own.")
    ] = None,
) -> Stream:
    """Without Last-Event-ID it starts now. A client that does not read is cut off, and resumes by its last id.

    By a ticket for some channels: those, or of them what is asked for.
    """
    channels = caller.identity.channels if caller.identity else ANYTHING
    if channels != ANYTHING:
        prices, sources, account_ids = _of_ticket(channels, prices, sources, account_ids)
    reached = caller.listed() if account_ids is None else _reached(caller, account_ids)
    async with hub.joining:
        pairs, positions = (await listed_pairs(services), False) if prices == ALL else _pairs(prices)
        source_ids = await _sources(services, caller, sources)
        client = await hub.connect(
            Subscription(
                streams=tuple(streams_of(reached, source_ids)),
                last_event_id=last_event_id_header or last_event_id or "",
                from_start=start is not None,
                pairs=pairs,
                account_ids=reached if positions else (),
                abort=_abort(request),
                holder=Holder(
                    name=f"user {caller.user_id}" if caller.user_id else f"address {network_of(_address(request))}",
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


def _reached(caller: Caller, account_ids: Sequence[int]) -> tuple[int, ...]:
    """These accounts, each once. Raises NotFound."""
    return tuple(sorted({id_ for named in account_ids for id_ in caller.listed(named)}))


def _of_ticket(
    channels: Channels, prices: str | None, sources: list[int] | None, account_ids: list[int] | None
) -> tuple[str, list[int], list[int]]:
    """The prices, sources and accounts asked for, all that the ticket is for unless any are. Raises Forbidden."""
    asked, opened = _names(prices), _names(channels.prices)
    beyond = asked & {POSITIONS} if channels.prices == ALL else asked - opened
    opened_sources, opened_accounts = channels.sources or (), channels.account_ids or ()
    if beyond or not (set(sources or ()) <= set(opened_sources) and set(account_ids or ()) <= set(opened_accounts)):
        raise Forbidden("ticket_for_others", "this ticket is for other accounts, sources or prices")
    return (
        channels.prices or "" if prices is None else prices,
        list(opened_sources) if sources is None else sources,
        list(opened_accounts) if account_ids is None else account_ids,
    )


async def _sources(services: Services, caller: Caller, named: Sequence[int] | None) -> list[int]:
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


def _names(prices: str | None) -> frozenset[str]:
    return frozenset(name for name in (prices or "").split(",") if name)


def _pairs(prices: str | None) -> tuple[frozenset[Pair], bool]:
    """The pairs that `prices` names, and whether it asks for those of the positions. Raises InvalidInput."""
    names = _names(prices)
    named = names - {POSITIONS}
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
