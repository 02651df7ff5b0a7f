"""For operators: stop and resume, queues, dead letters, quarantine."""

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, QueryParameter

from api.access import Caller
from api.body import JsonBody
from api.documentation import REASON_EXAMPLES, answered, problems
from api.examples import operations
from services.domain.errors import NotFound
from services.domain.halts import Halt, Halted
from services.usecases import mend_queues
from services.usecases.context import Services
from services.usecases.examine_queues import Queues, examine_queues
from services.usecases.halt import halt, read_halts, resume
from services.usecases.read_lag import PairLag, read_lag

ADMIN = {"access": "admin"}
PAIRS_MAX = 1000


class Justification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done, for those who ask later."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class Halts(msgspec.Struct, frozen=True):
    """What is stopped, oldest first; empty when everything runs."""

    results: list[Halt]


class Lags(msgspec.Struct, frozen=True):
    """The pairs furthest behind, the worst first.

    No page, for pairs move on between two of them: a limit of 1000 tells every pair at once.
    """

    results: list[PairLag]


@get("/halts", opt={"access": "public"}, summary="What is stopped")
async def list_halts(services: NamedDependency[Services]) -> Halts:
    """The fleet, new trades, or nothing."""
    return Halts(await read_halts(services))


@put(
    "/halts/{what:str}",
    dto=JsonBody[Justification],
    return_dto=None,
    opt=ADMIN,
    summary="Stop the fleet, or new trades",
    responses=problems(404, 422),
)
async def put_halt(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    what: FromPath[str],
    data: Annotated[Justification, Body(examples=REASON_EXAMPLES)],
) -> Halts:
    """`fleet`: nothing is fetched, judged or made. `new_trades`: live trades go on, none is made, by nobody.

    Work that has begun ends. After a pause every pair is judged from where it was: no price is missed.
    """
    return Halts(await halt(services.as_system(), _halted(what), data.reason, by_name(caller)))


@delete(
    "/halts/{what:str}",
    opt=ADMIN,
    status_code=200,
    summary="Let it go on",
    responses={200: answered(Halts, "What is stopped still.", operations.NO_HALT), **problems(404)},
)
async def lift_halt(services: NamedDependency[Services], caller: NamedDependency[Caller], what: FromPath[str]) -> Halts:
    """Repetition changes nothing."""
    return Halts(await resume(services.as_system(), _halted(what), by_name(caller)))


@get("/lag", opt={"access": "public"}, summary="How far each pair is behind, and why", responses=problems(422))
async def list_lag(
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=PAIRS_MAX, description="How many pairs of each market.")] = 50,
) -> Lags:
    """The pairs furthest behind of each market, the worst first; how far is null while the exchange tells no time."""
    return Lags(await read_lag(services.as_system(), limit))


@get("/queues", opt=ADMIN, summary="Queues, dead letters, quarantine", responses=problems(503))
async def read_queues(services: NamedDependency[Services]) -> Queues:
    """At most 200 dead letters a queue."""
    return await examine_queues(services.redis)


@post(
    "/dead-letters/{letter:str}/retry",
    opt=ADMIN,
    status_code=204,
    summary="Send a dead letter on its way again",
    responses=problems(404, 503),
)
async def retry_letter(services: NamedDependency[Services], letter: FromPath[str]) -> None:
    """It may run twice, as any message may; nothing happens twice by it."""
    await mend_queues.retry_letter(services, letter)


@delete("/dead-letters/{letter:str}", opt=ADMIN, summary="Forget a dead letter", responses=problems(404, 503))
async def drop_letter(services: NamedDependency[Services], letter: FromPath[str]) -> None:
    """What it asked for is asked again by the next cycle."""
    await mend_queues.drop_letter(services, letter)


@delete("/quarantined-messages", opt=ADMIN, summary="Forget the quarantined messages", responses=problems(503))
async def clear_messages(services: NamedDependency[Services]) -> None:
    """They are never run again."""
    await mend_queues.clear_messages(services)


@delete("/quarantined-prices/{key:str}", opt=ADMIN, summary="Forget a quarantined price", responses=problems(404, 503))
async def drop_price(services: NamedDependency[Services], key: FromPath[str]) -> None:
    """The pair is asked again; a jump that is still there waits for its second answer anew."""
    await mend_queues.drop_price(services, key)


@post(
    "/quarantined-prices/{key:str}/believe",
    opt=ADMIN,
    status_code=204,
    summary="Believe a quarantined price now",
    responses=problems(404, 503),
)
async def believe_price(services: NamedDependency[Services], key: FromPath[str]) -> None:
    """Without waiting a minute for the exchange to repeat it: the next answer that tells it counts."""
    await mend_queues.believe_price(services, key)


def _halted(what: str) -> Halted:
    try:
        return Halted(what)
    except ValueError:
        raise NotFound("no_such_halt", f"{what!r} cannot be stopped: fleet or new_trades", field="what") from None


def by_name(caller: Caller) -> str:
    """Who asks, for the record."""
    return f"{caller.name} ({caller.via})"


router = Router(
    "/system",
    route_handlers=[
        list_halts,
        put_halt,
        lift_halt,
        list_lag,
        read_queues,
        retry_letter,
        drop_letter,
        clear_messages,
        drop_price,
        believe_price,
    ],
    tags=["Operations"],
)
