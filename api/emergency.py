"""For operators: the kill switch, and the books asked for now."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body

from api.access import Caller
from api.body import JsonBody
from api.documentation import REASON_EXAMPLES, answered, problems
from api.examples import operations
from api.operations import ADMIN, Halts, Justification, by_name
from services.coordination import task_queue
from services.db import audit, books, clock
from services.db.books import Books
from services.usecases.context import Services
from services.usecases.kill_switch import kill


class Asked(msgspec.Struct, frozen=True):
    """What a worker was asked for and when, and where its answer will be found."""

    asked_for: str
    asked_at: datetime
    answer: str


@post(
    "/kill",
    dto=JsonBody[Justification],
    return_dto=None,
    opt=ADMIN,
    status_code=200,
    summary="The kill switch: no new trades, every account back to paper",
    responses={200: answered(Halts, "What is stopped now.", operations.KILLED), **problems(422)},
)
async def post_kill(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[Justification, Body(examples=REASON_EXAMPLES)],
) -> Halts:
    """What was not handed to an executor yet never will be. Live trades are followed to their end.

    `DELETE /api/system/halts/new_trades/` lets new trades be made again; accounts stay on paper.
    """
    return Halts(await kill(services.as_system(), data.reason, by_name(caller)))


@post("/reconcile", opt=ADMIN, status_code=202, summary="Have the books reconciled now", responses=problems(503))
async def post_reconcile(services: NamedDependency[Services]) -> Asked:
    """A worker compares balances, ledger, events, triggers and results over all rows.

    Its verdict is at `GET /api/system/books/` once `reconciled_at` there is not before `asked_at`. Differences are also
    told on the stream `market` (`books_differ`) and logged. It is done every ten minutes anyway.
    """
    async with services.system_pool.connection() as connection:
        at = await clock.transaction_time(connection)
        await audit.note(connection, "reconcile", "books", "")
        await task_queue.enqueue(services.redis, "maintenance", "reconcile_books", max_age=timedelta(minutes=10))
    return Asked("reconcile_books", at, "GET /api/system/books/ when its reconciled_at is not before asked_at")


@get("/books", opt=ADMIN, summary="What the last reconciliation of the books found")
async def get_books(services: NamedDependency[Services]) -> Books:
    """The rows that differ, by check; none when the books are in order."""
    async with services.pool.connection() as connection:
        return await books.last(connection)


router = Router("/system", route_handlers=[post_kill, post_reconcile, get_books], tags=["Operations"])
