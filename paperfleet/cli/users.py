"""`paperfleet user`: who may come in. Through the API but for `create` and `password`, the operator's way in."""

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperfleet.cli import user_database
from paperfleet.cli.remote import (
    AsJson,
    Id,
    KeyText,
    Most,
    Once,
    Url,
    Yes,
    asking,
    group,
    number_of,
    show,
    show_list,
    sure,
    tell_done,
)

if TYPE_CHECKING:
    from paperfleet.client import Client
    from paperfleet.client.answers.access import User

user = group("Users of a fleet where login is required; for admins.")
DATABASE = "On the database itself (PAPERFLEET_DATABASE_URL), without the API"
user.command("create", rich_help_panel=DATABASE)(user_database.create)
user.command("password", rich_help_panel=DATABASE)(user_database.password)
Chosen = Annotated[str, typer.Argument(metavar="USER", help="The user's number or name.")]
_COLUMNS = tuple((name, name) for name in ("id", "name", "role", "has_password", "disabled_at", "created_at"))
_INVITATIONS = (
    ("id", "id"),
    ("role", "role"),
    ("note", "note"),
    ("made", "created_at"),
    ("expires", "expires_at"),
    ("accepted by", "accepted_by"),
    ("withdrawn", "revoked_at"),
)


class RoleName(StrEnum):
    """What a user may do: an admin manages users and reads the audit log."""

    USER = "user"
    ADMIN = "admin"


@user.command("list")
def list_(
    limit: Most = 200,
    database: Annotated[bool, typer.Option("--database", help="Read the database itself; no need of a key.")] = False,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """List users by their numbers, disabled ones included."""
    if database:
        show_list(user_database.everybody()[:limit], json, _COLUMNS, "no users")
        return
    with asking(url, key) as client:
        show_list(islice(client.users.list(limit=min(limit, 200)), limit), json, _COLUMNS, "no users")


@user.command("show")
def show_one(who: Chosen, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show a user."""
    with asking(url, key) as client:
        _tell(client.users.read(_number(client, who)), json)


@user.command("role")
def role(
    who: Chosen,
    role: Annotated[RoleName, typer.Argument(help="What they are from now on.")],
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Make a user an admin, or an admin a user. The last admin stays one."""
    with asking(url, key) as client:
        _tell(client.users.edit(_number(client, who), role=role.value), json)


@user.command("disable")
def disable(who: Chosen, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Shut a user out: sessions end and keys stop working at once. Nothing of theirs is lost."""
    with asking(url, key) as client:
        _tell(client.users.edit(_number(client, who), disabled=True), json)


@user.command("enable")
def enable(who: Chosen, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Let a disabled user in again."""
    with asking(url, key) as client:
        _tell(client.users.edit(_number(client, who), disabled=False), json)


@user.command("invite")
def invite(
    role: Annotated[RoleName, typer.Option(help="As what.")] = RoleName.USER,
    hours: Annotated[int, typer.Option(min=1, max=720, help="How long the invitation stands.")] = 72,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Whom it is for, for yourself.")] = "",
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Invite somebody. The address to hand over is shown this once; whoever has it can become a user, once.

    paperfleet user invite --hours 48 --note "Ada, from the desk"
    """
    with asking(url, key) as client:
        made = client.users.invite(role=role.value, hours=hours, note=note, idempotency_key=once)
        place = None if made.token is None else f"{client.door.url}/?invitation={made.token}"
    rows = [("id", made.id), ("role", made.role), ("note", made.note), ("expires", made.expires_at)]
    show(made, json, [*rows, ("invitation", place)])


@user.command("invitations")
def invitations(limit: Most = 30, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List invitations, newest first: open, used and withdrawn ones."""
    with asking(url, key) as client:
        found = client.users.invitations(limit=min(limit, 200))
        show_list(islice(found, limit), json, _INVITATIONS, "no invitations")


@user.command("withdraw")
def withdraw(invitation: Id, yes: Yes = False, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Withdraw an invitation that nobody has used."""
    sure(f"Withdraw invitation {invitation}?", yes)
    with asking(url, key) as client:
        client.users.withdraw(invitation)
    tell_done(json, "withdrawn", invitation, f"invitation {invitation} admits nobody any more")


def _number(client: "Client", who: str) -> int:
    return number_of(who, client.users.list(), "user", "paperfleet user list")


def _tell(found: "User", json: bool) -> None:
    rows: list[tuple[str, Any]] = [(name, getattr(found, name)) for _, name in _COLUMNS]
    show(found, json, rows)
