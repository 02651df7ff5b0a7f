"""The note on a trade, which may change long after the trade itself is final."""

from typing import Annotated

import msgspec
from litestar import Response, Router, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath

from api.access import Caller
from api.answer_headers import HEADERS
from api.body import JsonBody
from api.documentation import answered, problems
from api.examples import trades
from api.parameters import IfMatch, etag, existing, version_of
from services.usecases.context import Services
from services.usecases.note_trade import note_trade
from services.usecases.read_trade import LiveTradeView, with_quotes

_EXAMPLES = [Example(summary="Why it was taken", value={"notes": trades.NOTED["notes"]})]


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person wants to remember of a trade: 4000 characters at most."""

    notes: str


@put(
    "/{trade_id:int}/notes",
    opt={HEADERS: ("ETag",)},
    dto=JsonBody[Note],
    summary="Write a trade's note",
    responses={200: answered(LiveTradeView, "The trade with its note.", trades.NOTED), **problems(404, 409, 422)},
)
async def write(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[Note, Body(examples=_EXAMPLES)],
    if_match: IfMatch = None,
) -> Response[LiveTradeView]:
    """In place of the one before, as the trade's next version. No event tells of it."""
    id_, version = existing(trade_id, "trade"), version_of(if_match)
    noted = await note_trade(services, caller.writable_ids, id_, data.notes, version)
    [trade] = await with_quotes(services, [noted])
    return Response(trade, headers=etag(trade.version))


router = Router("/paper-trades", route_handlers=[write], tags=["Paper trades"])
