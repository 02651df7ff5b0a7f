"""Public links to an account's performance, as its owner manages them."""

from typing import Annotated

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import NEW_LINK_EXAMPLES, problems
from api.examples import access
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.public_links import PublicLink
from services.usecases import share_account as usecase
from services.usecases.context import Services
from services.usecases.share_account import LinkMade, NewLink


@get("/", summary="List an account's public links, newest first", responses=problems(401, 403, 404, 422))
async def list_(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PublicLink]:
    """Ended ones included."""
    before, id_ = cursors.decode(cursor, int), existing(account_id, "account")
    found, following = await usecase.list_links(services, caller.account_ids, id_, limit, before)
    return Page(found, cursors.encode(following))


@post(
    "/",
    dto=JsonBody[NewLink],
    summary="Make a public link to an account's performance",
    responses={
        **made(LinkMade, "The link and, this once, its token.", access.LINK_MADE, once="token"),
        **problems(401, 403, 404, 409, 422),
    },
)
async def make(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    data: Annotated[NewLink, Body(examples=NEW_LINK_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Read by anybody at `/api/public/<token>/performance/`, until it is revoked."""
    id_, key = existing(account_id, "account"), checked_key(idempotency_key)
    return created(await usecase.share(services, caller.user_id, caller.account_ids, id_, data, key))


@delete("/{link_id:int}", summary="Revoke a public link", responses=problems(401, 403, 404))
async def revoke(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    account_id: FromPath[int],
    link_id: FromPath[int],
) -> None:
    """It shows nothing any more."""
    id_ = existing(account_id, "account")
    await usecase.unshare(services, caller.account_ids, id_, existing(link_id, "link"))


router = Router(
    "/accounts/{account_id:int}/links", route_handlers=[list_, make, revoke], opt={"access": "self"}, tags=["Access"]
)
