"""The mode of an account: paper or live, and the steps from one to the other."""

from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath

from api.access import Caller
from api.body import JsonBody
from api.documentation import answered, problems
from api.examples import accounts
from api.parameters import existing
from services.domain.credentials import Role, Scope
from services.usecases import switch_mode
from services.usecases.context import Services
from services.usecases.switch_mode import AskLive, GoLive, ModeView, Person, Question

ASK_EXAMPLES = [Example(summary="By this webhook", value={"webhook_id": 5})]
_ANSWER = {name: accounts.QUESTION[name] for name in ("token", "phrase")}
LIVE_EXAMPLES = [Example(summary="For a working day", value={"webhook_id": 5, **_ANSWER, "hours": 8})]


@get("/", summary="Read an account's mode", responses=problems(401, 403, 404))
async def read(
    services: NamedDependency[Services], caller: NamedDependency[Caller], account_id: FromPath[int]
) -> ModeView:
    """`live` means that new signals are also handed to the owner's own executor, by signed webhook; nothing else."""
    return await switch_mode.read_mode(
        _reach(services, caller, account_id), _person(caller), existing(account_id, "account")
    )


@post(
    "/token",
    dto=JsonBody[AskLive],
    opt={"access": "self"},
    status_code=200,
    summary="Ask to go live",
    responses=problems(401, 403, 404, 409, 422),
)
async def ask(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[AskLive, Body(examples=ASK_EXAMPLES)],
) -> Question:
    """A one-time token that holds for 60 seconds, and the phrase that has to be typed."""
    id_ = existing(account_id, "account")
    return await switch_mode.ask_live(_reach(services, caller, id_), _person(caller), id_, data)


@post(
    "/live",
    dto=JsonBody[GoLive],
    opt={"access": "self"},
    status_code=200,
    summary="Go live",
    responses=problems(401, 403, 404, 409, 422),
)
async def live(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[GoLive, Body(examples=LIVE_EXAMPLES)],
) -> ModeView:
    """Falls back to paper after `hours`, when the webhook is changed, switched off or deleted, or the user disabled."""
    id_ = existing(account_id, "account")
    return await switch_mode.go_live(_reach(services, caller, id_), _person(caller), id_, data)


@post(
    "/paper",
    status_code=200,
    summary="Go back to paper",
    responses={200: answered(ModeView, "The mode from now on.", accounts.PAPER), **problems(401, 403, 404)},
)
async def paper(
    services: NamedDependency[Services], caller: NamedDependency[Caller], account_id: FromPath[int]
) -> ModeView:
    """At once and always; what was not handed over yet never will be."""
    return await switch_mode.go_paper(
        _reach(services, caller, account_id), _person(caller), existing(account_id, "account")
    )


def _person(caller: Caller) -> Person:
    return Person(caller.user_id, caller.account_ids, _is_admin(caller))


def _reach(services: Services, caller: Caller, account_id: int) -> Services:
    """An admin reaches accounts that row-level security hides; what they do is recorded with the mode's changes."""
    return services.as_system() if _is_admin(caller) and account_id not in caller.account_ids else services


def _is_admin(caller: Caller) -> bool:
    return caller.role is Role.ADMIN and Scope.ADMIN in caller.scopes


router = Router("/accounts/{account_id:int}/mode", route_handlers=[read, ask, live, paper], tags=["Accounts"])
