"""Who reaches what: the caller, users, invitations, public links."""

from datetime import datetime

import msgspec

from paperfleet.client.answers.figures import Performance


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who the caller is; None for what nobody has. `account_id` is the account that is meant unless one is named."""

    login: str
    user_id: int | None
    name: str | None
    role: str | None
    scopes: tuple[str, ...]
    via: str
    account_id: int | None
    account_ids: tuple[int, ...]
    public_account_id: int | None
    expires_at: datetime | None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; disabled_at is None for one who may come in."""

    id: int
    name: str
    role: str
    has_password: bool
    disabled_at: datetime | None
    created_at: datetime


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation: open until it expires, unless somebody has accepted or an admin withdrawn it."""

    id: int
    role: str
    note: str
    created_at: datetime
    expires_at: datetime
    accepted_by: int | None
    revoked_at: datetime | None


class Invited(Invitation, frozen=True, kw_only=True):
    """An invitation and its token, which is told this once; None when a request is repeated."""

    token: str | None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A public link to an account's performance, without its token."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewLink(Link, frozen=True, kw_only=True):
    """A link and its token, which is told this once; None when a request is repeated."""

    token: str | None


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What holders of a public link see: the account's name and its figures."""

    account: str
    performance: Performance
