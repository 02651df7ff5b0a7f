"""For operators: what the doctor finds, asked for over HTTP."""

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

from api.documentation import problems
from api.operations import ADMIN
from services.domain.finding import Finding, Level, worst
from services.usecases.context import Services
from services.usecases.examine_fleet import examine_fleet, intervals_of_prices
from services.usecases.examine_servers import examine_postgres, examine_redis
from services.usecases.examine_sessions import examine_sessions


class Findings(msgspec.Struct, frozen=True):
    """Everything that was looked at, and the gravest level among it."""

    worst: Level
    findings: list[Finding]


@get("/findings", opt=ADMIN, summary="What is wrong, and how to mend it", responses=problems(503))
async def read_findings(services: NamedDependency[Services]) -> Findings:
    """PostgreSQL, Redis, the exchange and its clock, ticks, processes, queues, quarantine, weight, lag, halts, outlets.

    As `paperfleet doctor` finds it, but for the settings of other processes, and of ticks those of the prices alone.
    """
    whole = services.as_system()
    found = [*await examine_postgres(services.settings), *await examine_redis(services.redis)]
    found += await examine_sessions(services.settings)
    found += await examine_fleet(whole, intervals_of_prices(services.settings))
    return Findings(worst(found), found)


router = Router("/system", route_handlers=[read_findings], tags=["Operations"])
