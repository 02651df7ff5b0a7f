"""Prices: the last quote of every pair, and its last day."""

from typing import Annotated

from litestar import Request, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.documentation import problems
from api.parameters import text
from api.schemas import Page
from services.db.day_courses import DayCourse
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.list_prices import Price, list_prices
from services.usecases.read_day import DayReader


@get("/", summary="Last quotes with their age", responses=problems(422, 503))
async def list_(
    services: NamedDependency[Services],
    market_type: FromQuery[Market | None] = None,
    symbols: Annotated[
        list[str] | None, QueryParameter(description="Repeated or comma-separated; all if absent.")
    ] = None,
) -> Page[Price]:
    """Everything at once, by market and symbol: about a thousand rows."""
    names = [name for value in symbols or () for name in value.split(",")]
    wanted = sorted({checked for name in names if (checked := text(name, "symbols"))})
    return Page(await list_prices(services, [market_type] if market_type else tuple(Market), wanted), None)


@get("/day", summary="The last day of every pair, hour by hour", responses=problems(503))
async def list_day(request: Request[object, object, State]) -> Page[DayCourse]:
    """For small charts, and for the change in a day. At most a minute old."""
    reader: DayReader = request.app.state.day
    return Page(await reader.read(), None)


router = Router("/prices", route_handlers=[list_, list_day], opt={"access": "public"}, tags=["Market"])
