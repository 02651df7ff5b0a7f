"""What paper trades came to: figures over the closed ones, and the curve of equity."""

from datetime import date
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from api.access import Caller
from api.documentation import problems
from api.parameters import AccountId, OneAccountId, day, text
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.metrics.equity_curve import Span
from services.domain.metrics.scope import GroupBy, Scope
from services.domain.plan import Direction
from services.usecases.context import Services
from services.usecases.equity_curve import EquityCurve, equity_curve
from services.usecases.performance import Performance, last_days, performance

Days = Annotated[
    int | None, QueryParameter(ge=1, le=36500, description="The last so many UTC days, today included; or from, to.")
]
FirstDay = Annotated[str | None, QueryParameter(name="from", description="First UTC day, by the time of exit.")]
EndDay = Annotated[str | None, QueryParameter(name="to", description="First UTC day that no longer counts.")]


@get("/performance", summary="What closed trades came to", responses=problems(422))
async def read_performance(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    days: Days = None,
    since: FirstDay = None,
    until: EndDay = None,
    market_type: FromQuery[Market | None] = None,
    symbol: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    source: FromQuery[str | None] = None,
    group_by: FromQuery[GroupBy | None] = None,
    account_id: AccountId = None,
) -> Performance:
    """Figures over closed trades; the formulas are in the schemas' descriptions. `group_by` adds a line a group."""
    first, end = await _days(services, days, since, until)
    scope = Scope(
        account_ids=caller.listed(account_id),
        market=market_type,
        symbol=text(symbol, "symbol"),
        direction=direction,
        source=text(source, "source"),
        since=first,
        until=end,
    )
    return await performance(services, scope, group_by)


@get("/equity", summary="An account's equity over time", responses=problems(404, 422))
async def read_equity(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    days: Days = None,
    since: Annotated[str | None, QueryParameter(name="from", description="First UTC day.")] = None,
    until: Annotated[str | None, QueryParameter(name="to", description="First UTC day that no longer counts.")] = None,
    span: FromQuery[Span | None] = None,
    account_id: OneAccountId = None,
) -> EquityCurve:
    """Of one account, marked to market, with drawdown, beside holding bitcoin. The newest 2000 points of that time."""
    first, end = await _days(services, days, since, until)
    return await equity_curve(services, caller.listed(account_id)[0], first, end, span)


async def _days(
    services: Services, days: int | None, since: str | None, until: str | None
) -> tuple[date | None, date | None]:
    """First day, and first day that no longer counts. Raises InvalidInput."""
    first, end = day(since, "from"), day(until, "to")
    if days is None:
        return first, end
    if first or end:
        raise InvalidInput("two_spans", "give either days, or from and to", field="days")
    return await last_days(services, days), None
