"""The session: who am I, sign in, sign out, change the password, accept an invitation."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import Body

from api.access import Caller, caller_of
from api.answer_headers import HEADERS
from api.body import JsonBody
from api.documentation import ACCEPT_EXAMPLES, PASSWORD_EXAMPLES, SIGN_IN_EXAMPLES, problems
from api.gate import cookie_name
from services.domain.credentials import Role, Scope, csrf_token
from services.settings import Login
from services.usecases import sign_in as usecase
from services.usecases.context import Services
from services.usecases.identify import Identifier
from services.usecases.sign_in import SignedIn

_OPEN = {"access": "open"}
_SELF = {"access": "self"}
_COOKIE = {HEADERS: ("Set-Cookie",)}


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who the caller is here.

    `login` is `local` where this machine's owner needs none, else `required`. `name` is null for nobody.
    `account_id` is the account that is meant unless another is named. Writes by cookie show `csrf_token` in the header
    X-CSRF-Token.
    """

    login: Login
    user_id: int | None
    name: str | None
    role: Role | None
    scopes: list[Scope]
    via: str
    account_id: int | None
    account_ids: list[int]
    public_account_id: int | None
    csrf_token: str | None
    expires_at: datetime | None


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name and password."""

    name: str
    password: str


class Accept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invitation's token, and the name and password that its new user wants."""

    token: str
    name: str
    password: str


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The present password and the one in its place."""

    password: str
    new_password: str


_SIGNED_IN = {200: ResponseSpec(SessionView, generate_examples=False, description="Signed in; the cookie is set.")}


@get("/", opt=_OPEN, summary="Who am I?")
async def read(
    request: Request[Any, Any, Any], services: NamedDependency[Services], caller: NamedDependency[Caller]
) -> SessionView:
    """Works without a login too: it says whether one is needed."""
    token = request.cookies.get(cookie_name(request)) if caller.via.startswith("session") else None
    return _view(services, caller, token)


@post(
    "/",
    opt=_OPEN | _COOKIE,
    status_code=200,
    dto=JsonBody[SignIn],
    summary="Sign in",
    responses={**_SIGNED_IN, **problems(401, 403, 422, 429, 503)},
)
async def sign_in(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    data: Annotated[SignIn, Body(examples=SIGN_IN_EXAMPLES)],
) -> Response[SessionView]:
    """Sets a cookie for people's browsers; programs use keys. A few wrong passwords shut the door for a while."""
    signed_in = await usecase.sign_in(services, data.name, data.password, _address(request))
    return await _welcome(request, services, identifier, signed_in)


@post(
    "/invitation",
    opt=_OPEN | _COOKIE,
    status_code=200,
    dto=JsonBody[Accept],
    summary="Accept an invitation",
    responses={**_SIGNED_IN, **problems(401, 403, 404, 409, 422, 429, 503)},
)
async def accept(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    data: Annotated[Accept, Body(examples=ACCEPT_EXAMPLES)],
) -> Response[SessionView]:
    """Makes the user with a first account, and signs them in. Each invitation admits one, who may ask again."""
    signed_in = await usecase.accept_invitation(services, data.token, data.name, data.password, _address(request))
    return await _welcome(request, services, identifier, signed_in)


@post(
    "/password",
    opt=_SELF,
    status_code=204,
    dto=JsonBody[ChangePassword],
    summary="Change the password",
    responses=problems(401, 403, 422, 429, 503),
)
async def change_password(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
    data: Annotated[ChangePassword, Body(examples=PASSWORD_EXAMPLES)],
) -> None:
    """All other sessions of the user end."""
    address = _address(request)
    await usecase.change_password(services, caller.name, caller.via, data.password, data.new_password, address)
    identifier.forget()


@delete("/", opt=_SELF | _COOKIE, summary="Sign out", responses=problems(401, 403))
async def sign_out(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
) -> Response[None]:
    """This session ends."""
    await usecase.sign_out(services, caller.user_id, caller.via)
    return _farewell(request, identifier)


@delete("/all", opt=_SELF | _COOKIE, summary="Sign out everywhere", responses=problems(401, 403))
async def sign_out_everywhere(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    identifier: NamedDependency[Identifier],
    caller: NamedDependency[Caller],
) -> Response[None]:
    """Every session of the user ends; keys go on working."""
    await usecase.sign_out(services, caller.user_id, caller.via, everywhere=True)
    return _farewell(request, identifier)


async def _welcome(
    request: Request[Any, Any, Any], services: Services, identifier: Identifier, signed_in: SignedIn
) -> Response[SessionView]:
    identity = await identifier.by_session(signed_in.token)
    assert identity is not None
    caller = caller_of(identity, identity.public_id, services.settings.public_writers)
    seconds = services.settings.session_hours * 3600
    return Response(_view(services, caller, signed_in.token), cookies=[_cookie(request, signed_in.token, seconds)])


def _farewell(request: Request[Any, Any, Any], identifier: Identifier) -> Response[None]:
    identifier.forget()
    return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])


def _cookie(request: Request[Any, Any, Any], token: str, seconds: int) -> Cookie:
    return Cookie(
        key=cookie_name(request),
        value=token,
        max_age=seconds,
        path="/",
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite="strict",
    )


def _view(services: Services, caller: Caller, token: str | None) -> SessionView:
    return SessionView(
        login=services.settings.login,
        user_id=caller.user_id or None,
        name=caller.name or None,
        role=None if caller.is_anonymous else caller.role,
        scopes=sorted(caller.scopes),
        via=caller.via,
        account_id=caller.account_id or None,
        account_ids=list(caller.account_ids),
        public_account_id=caller.public_id,
        csrf_token=csrf_token(token) if token else None,
        expires_at=caller.identity.expires_at if caller.identity else None,
    )


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


router = Router(
    "/session",
    route_handlers=[read, sign_in, accept, change_password, sign_out, sign_out_everywhere],
    tags=["Access"],
)
