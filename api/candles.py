"""Candles: the chart of any pair in any interval."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.documentation import problems
from api.parameters import moment, text
from services.domain.candles import Timeframe
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.read_candles import LIMIT_MAX, Chart, read_candles


@get("/", summary="Candles of one pair", responses=problems(422, 503))
async def list_(
    services: NamedDependency[Services],
    market_type: FromQuery[Market],
    symbol: FromQuery[str],
    interval: FromQuery[Timeframe] = Timeframe.H1,
    since: Annotated[
        str | None, QueryParameter(name="from", description="Opened at or after: a time, or a date's midnight in UTC.")
    ] = None,
    until: Annotated[
        str | None, QueryParameter(name="to", description="Opened before: a time, or a date's midnight in UTC.")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many candles at most.")] = 300,
) -> Chart:
    """Ascending. With `from` the first ones from there on, otherwise the last ones before `to`, or before now.

    The candle in progress is the last one, with `is_closed` false. Closed candles may be five minutes old copies,
    which changes nothing about them; the one in progress is two seconds old at most.
    """
    return await read_candles(
        services,
        market_type,
        text(symbol, "symbol") or "",
        interval,
        since=moment(since, "from"),
        until=moment(until, "to"),
        limit=limit,
    )


router = Router("/candles", route_handlers=[list_], opt={"access": "public"}, tags=["Market"])
