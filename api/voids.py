"""For operators: trades that were closed wrongly, struck out."""

from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import answered, problems
from api.examples import trades
from api.operations import ADMIN, Justification, by_name
from api.parameters import Cursor, Limit
from api.schemas import Page
from services.db.voids import Key, Void
from services.domain.view import TradeView
from services.usecases.context import Services
from services.usecases.void_trade import read_voids, void_trade

_EXAMPLES = [Example(summary="Why", value={"reason": trades.VOIDED["void_reason"]})]


@post(
    "/paper-trades/{trade_id:int}/void",
    dto=JsonBody[Justification],
    return_dto=None,
    opt=ADMIN,
    status_code=200,
    summary="Strike out a trade that was closed wrongly",
    responses={
        200: answered(TradeView, "The trade, struck out.", trades.VOIDED),
        **problems(404, 409, 422),
    },
)
async def post_void(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[Justification, Body(examples=_EXAMPLES)],
) -> TradeView:
    """It counts for nothing from then on: a ledger row takes back all it had booked, and the figures leave it out.

    Nothing is deleted: its fills stay, the account's stream tells of it (`voided`), the audit log of who did it.
    """
    return await void_trade(services.as_system(), trade_id, data.reason, by_name(caller))


@get("/system/voids", opt=ADMIN, summary="Trades that were struck out, newest first", responses=problems(422))
async def list_voids(services: NamedDependency[Services], limit: Limit = 50, cursor: Cursor = None) -> Page[Void]:
    """How each had closed, with what profit, why it was struck out and by whom."""
    found, following = await read_voids(services.as_system(), limit, cursors.decode(cursor, Key))
    return Page(found, cursors.encode(following))


router = Router("/", route_handlers=[post_void, list_voids], tags=["Operations"])
