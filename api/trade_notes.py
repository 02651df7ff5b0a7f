"""The note on a trade, which may change long after the trade itself is final."""

from typing import Annotated

import msgspec
from litestar import Router, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath

from api.access import Caller
from api.body import JsonBody
from api.documentation import problems
from api.parameters import existing
from services.usecases.context import Services
from services.usecases.note_trade import note_trade
from services.usecases.read_trade import LiveTradeView, with_quotes

_EXAMPLES = [Example(summary="Why it was taken", value={"notes": "Retest of the breakout; news at four."})]


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person wants to remember of a trade: 4000 characters at most."""

    notes: str


@put("/{trade_id:int}/notes", dto=JsonBody[Note], summary="Write a trade's note", responses=problems(404, 422))
async def write(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[Note, Body(examples=_EXAMPLES)],
) -> LiveTradeView:
    """In place of the one before. It is no change of the trade: neither version nor events tell of it."""
    noted = await note_trade(services, caller.writable_ids, existing(trade_id, "trade"), data.notes)
    return (await with_quotes(services, [noted]))[0]


router = Router("/paper-trades", route_handlers=[write], tags=["Paper trades"])
