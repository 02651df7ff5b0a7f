"""API keys of the caller: for programs, each with its own scopes and end."""

from typing import Annotated

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import NEW_KEY_EXAMPLES, ROTATE_EXAMPLES, problems
from api.examples import access
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.api_keys import ApiKey
from services.usecases import manage_keys as usecase
from services.usecases.context import Services
from services.usecases.identify import Identifier
from services.usecases.manage_keys import KeyMade, NewKey, Rotate

_MADE = made(KeyMade, "The new key and, this once, its text.", access.KEY_MADE, once="key")


@get("/", summary="List keys, newest first", responses=problems(401, 403, 422))
async def list_(
    services: NamedDependency[Services], caller: NamedDependency[Caller], limit: Limit = 50, cursor: Cursor = None
) -> Page[ApiKey]:
    """The caller's own, ended ones included."""
    found, following = await usecase.list_keys(services, caller.user_id, limit, cursors.decode(cursor, int))
    return Page(found, cursors.encode(following))


@post("/", dto=JsonBody[NewKey], summary="Make a key", responses={**_MADE, **problems(401, 403, 409, 422)})
async def make(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[NewKey, Body(examples=NEW_KEY_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Its text is shown in this answer only; what is stored cannot bring it back."""
    key = checked_key(idempotency_key)
    return created(await usecase.make(services, caller.user_id, caller.role, caller.scopes, data, key))


@post(
    "/{key_id:int}/rotate",
    dto=JsonBody[Rotate],
    summary="Replace a key",
    responses={**_MADE, **problems(401, 403, 404, 409, 422)},
)
async def rotate(
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
    key_id: FromPath[int],
    data: Annotated[Rotate, Body(examples=ROTATE_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """A new key with the same scopes and lifetime; the old one works on for the overlap."""
    key, id_ = checked_key(idempotency_key), existing(key_id, "key")
    done = await usecase.rotate(services, caller.user_id, caller.scopes, id_, data, key)
    identifier.forget()
    return created(done)


@delete("/{key_id:int}", summary="Revoke a key", responses=problems(401, 403, 404))
async def revoke(
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
    key_id: FromPath[int],
) -> None:
    """It holds no longer; event streams that it opened end."""
    await usecase.revoke_key(services, caller.user_id, existing(key_id, "key"))
    identifier.forget()


router = Router("/keys", route_handlers=[list_, make, rotate, revoke], opt={"access": "self"}, tags=["Access"])
