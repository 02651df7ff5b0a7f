"""For operators: trades that were closed wrongly, struck out."""

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api.access import Caller
from api.body import JsonBody
from api.documentation import REASON_EXAMPLES, problems
from api.operations import ADMIN, Justification, by_name
from services.db.voids import Void
from services.domain.view import TradeView
from services.usecases.context import Services
from services.usecases.void_trade import read_voids, void_trade


class Voids(msgspec.Struct, frozen=True):
    """The last 200 trades that were struck out, newest first."""

    results: list[Void]


@post(
    "/paper-trades/{trade_id:int}/void",
    dto=JsonBody[Justification],
    return_dto=None,
    opt=ADMIN,
    status_code=200,
    summary="Strike out a trade that was closed wrongly",
    responses=problems(404, 409, 422),
)
async def post_void(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    trade_id: FromPath[int],
    data: Annotated[Justification, Body(examples=REASON_EXAMPLES)],
) -> TradeView:
    """It counts for nothing from then on: a ledger row takes back all it had booked, and the figures leave it out.

    Nothing is deleted: its fills stay, the account's stream tells of it (`voided`), the audit log of who did it.
    """
    return await void_trade(services.as_system(), trade_id, data.reason, by_name(caller))


@get("/system/voids", opt=ADMIN, summary="Trades that were struck out")
async def list_voids(services: NamedDependency[Services]) -> Voids:
    """How each had closed, with what profit, why it was struck out and by whom."""
    return Voids(await read_voids(services.as_system()))


router = Router("/", route_handlers=[post_void, list_voids], tags=["Operations"])
