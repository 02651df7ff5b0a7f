"""Who is asking, and what they may reach: every resource takes a `Caller`, whatever credential it came with.

Deny by default: a route that says nothing needs a login or a key, the scope `read` for reading and `trade` for anything
else. A route says otherwise by `opt={"access": ...}`:

probe   anybody, unasked and uncounted: neither a database that hangs nor a busy neighbour makes us look dead
open    anybody: it shows nothing of anybody's, or has a secret of its own
public  anybody may read: without a credential the caller is nobody, who sees the public account only
read    a login or a key with `read`, whatever the method
self    the user's own credentials: a session, or a key with the scope `admin`
admin   an admin, with the scope `admin`
metrics whoever asks from this machine or a private network, without a proxy between, as for a probe; else an admin
"""

from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from api.door import READING
from services.db.sessions import Identity
from services.domain.credentials import Role, Scope
from services.domain.errors import Forbidden, NotFound, Unidentified
from services.settings import Writers
from services.usecases.context import Services

ACCESS = "access"


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, and the accounts within their reach.

    account_ids  their own: all may be read and written
    account_id   the own one that is meant unless another is named; 0 for nobody
    public_id    the account that anybody may read, if there is one; the setting public_writers says who may write
    via          the credential: `local`, `session 3`, `key 5`, `anonymous`
    """

    user_id: int
    account_id: int
    account_ids: tuple[int, ...]
    name: str = ""
    role: Role = Role.USER
    scopes: frozenset[Scope] = frozenset()
    via: str = "anonymous"
    public_id: int | None = None
    may_write_public: bool = False
    identity: Identity | None = None

    @property
    def is_anonymous(self) -> bool:
        """Nobody in particular."""
        return self.identity is None

    @property
    def readable_ids(self) -> tuple[int, ...]:
        """Every account that may be read."""
        return self.account_ids if self.public_id is None else (*self.account_ids, self.public_id)

    @property
    def writable_ids(self) -> tuple[int, ...]:
        """Every account that trades may be made and changed on."""
        return self.readable_ids if self.may_write_public else self.account_ids

    def listed(self, account_id: int | None = None) -> tuple[int, ...]:
        """The accounts that a list is about: the one named, else the own ones, else the public one. Raises NotFound."""
        if account_id is None:
            return self.account_ids or self.readable_ids
        if account_id not in self.readable_ids:
            raise _no_account(account_id)
        return (account_id,)

    def chosen(self, account_id: int | None = None) -> int:
        """The account that something new goes to. Raises NotFound, or Forbidden where it may only be read."""
        wanted = self.account_id if account_id is None else account_id
        if wanted in self.writable_ids:
            return wanted
        if wanted in self.readable_ids:
            raise Forbidden("read_only_account", "this account may be read, not written", field="account_id")
        raise _no_account(wanted)


def caller_of(identity: Identity | None, public_id: int | None, writers: Writers) -> Caller:
    """The caller with this identity; nobody without one."""
    if identity is None:
        may_write = writers is Writers.ANYONE and public_id is not None
        scopes = frozenset({Scope.READ, Scope.TRADE}) if may_write else frozenset({Scope.READ})
        return Caller(
            user_id=0,
            account_id=public_id or 0,
            account_ids=(),
            scopes=scopes,
            public_id=public_id,
            may_write_public=may_write,
        )
    return Caller(
        user_id=identity.user_id,
        account_id=identity.account_ids[0] if identity.account_ids else 0,
        account_ids=identity.account_ids,
        name=identity.name,
        role=identity.role,
        scopes=identity.scopes,
        via=identity.via,
        public_id=identity.public_id,
        may_write_public=writers is not Writers.NOBODY,
        identity=identity,
    )


def check(caller: Caller, method: str, access: str, *, has_id: bool) -> None:
    """Whether the caller may use a route. Raises Unidentified or Forbidden; NotFound hides what ids admins have."""
    if access == "open":
        return
    writes = method not in READING
    if caller.is_anonymous and (access != "public" or (writes and not caller.may_write_public)):
        raise Unidentified("login_required", "sign in, or send a key as Authorization: Bearer")
    if access == "admin" and caller.role is not Role.ADMIN:
        raise (
            NotFound("not_found", "there is no such thing")
            if has_id
            else Forbidden("admins_only", "only an admin may do this")
        )
    needed = {"admin": Scope.ADMIN}.get(access, Scope.TRADE if writes and access != "read" else Scope.READ)
    if access == "self":
        if caller.via.startswith("key") and Scope.ADMIN not in caller.scopes:
            raise Forbidden("session_needed", "this needs a login, or a key with the scope admin")
    elif needed not in caller.scopes:
        raise Forbidden("scope_missing", f"this needs the scope {needed}")


def provide_caller(request: Request[object, object, State], services: NamedDependency[Services]) -> Caller:
    """The caller of this request, as the gate has identified them.

    After the services, which nearly every route takes as well: two at a time would cost a task group and two tasks.
    """
    return told_caller(request)


def told_caller(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """The caller that the gate has put into the request's scope."""
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def access_of(handler: BaseRouteHandler) -> str:
    """What a route says of its access; "user" if nothing."""
    return str(handler.opt.get(ACCESS, "user"))


def _no_account(account_id: int) -> NotFound:
    return NotFound("no_such_account", f"there is no account {account_id}", field="account_id")
