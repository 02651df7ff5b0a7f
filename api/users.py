"""Users and invitations, for admins."""

from typing import Annotated

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath

from api import cursors
from api.access import Caller
from api.body import JsonBody
from api.documentation import CHANGE_USER_EXAMPLES, INVITE_EXAMPLES, answered, problems
from api.examples import access
from api.parameters import Cursor, IdempotencyKey, Limit, checked_key, existing
from api.schemas import Page, created, made
from services.db.users import Invitation, User
from services.usecases import manage_users as usecase
from services.usecases.context import Services
from services.usecases.identify import Identifier
from services.usecases.manage_users import ChangeUser, Invite, Invited


@get("/", summary="List users", responses=problems(401, 403, 422))
async def list_(services: NamedDependency[Services], limit: Limit = 50, cursor: Cursor = None) -> Page[User]:
    """By id."""
    found, following = await usecase.list_users(services, limit, cursors.decode(cursor, int))
    return Page(found, cursors.encode(following))


@get("/{user_id:int}", summary="Read a user", responses=problems(401, 404))
async def read(services: NamedDependency[Services], user_id: FromPath[int]) -> User:
    """One user; nobody's password is anywhere."""
    return await usecase.read_user(services, existing(user_id, "user"))


@patch(
    "/{user_id:int}",
    dto=JsonBody[ChangeUser],
    summary="Change a user's role, or disable them",
    responses={
        200: answered(User, "The user as they are now.", access.SHUT_OUT, access.PROMOTED),
        **problems(401, 404, 409, 422),
    },
)
async def change(
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
    user_id: FromPath[int],
    data: Annotated[ChangeUser, Body(examples=CHANGE_USER_EXAMPLES)],
) -> User:
    """A disabled user's sessions end, and all else that is theirs stops letting anything in or out, at once.

    Live accounts go back to paper; trades that are open are judged to their end. The last admin stays one.
    """
    changed = await usecase.change_user(services, caller.user_id, existing(user_id, "user"), data)
    identifier.forget()
    return changed


@get("/invitations", summary="List invitations, newest first", responses=problems(401, 403, 422))
async def invitations(
    services: NamedDependency[Services], limit: Limit = 50, cursor: Cursor = None
) -> Page[Invitation]:
    """Open, used and withdrawn ones."""
    found, following = await usecase.list_invitations(services, limit, cursors.decode(cursor, int))
    return Page(found, cursors.encode(following))


@post(
    "/invitations",
    dto=JsonBody[Invite],
    summary="Invite somebody",
    responses={
        **made(Invited, "The invitation and, this once, its token.", access.INVITED, once="token"),
        **problems(401, 403, 409, 422),
    },
)
async def invite(
    services: NamedDependency[Services],
    caller: NamedDependency[Caller],
    data: Annotated[Invite, Body(examples=INVITE_EXAMPLES)],
    idempotency_key: IdempotencyKey = None,
) -> Response[bytes]:
    """Hand the token to the person; whoever has it can become a user, once, until it expires."""
    return created(await usecase.invite(services, caller.user_id, data, checked_key(idempotency_key)))


@delete("/invitations/{invitation_id:int}", summary="Withdraw an invitation", responses=problems(401, 404))
async def withdraw(services: NamedDependency[Services], invitation_id: FromPath[int]) -> None:
    """One that nobody has used."""
    await usecase.revoke_invitation(services, existing(invitation_id, "invitation"))


router = Router(
    "/users",
    route_handlers=[list_, read, change, invitations, invite, withdraw],
    opt={"access": "admin"},
    tags=["Access"],
)
