"""`paperfleet user create` and `password`: the operator's way in, on the database itself; a new fleet's first admin."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from paperfleet.cli.processes import carried_out

if TYPE_CHECKING:
    from services.db.users import User
    from services.usecases.context import Services

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]


def create(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="Who manages users and reads the audit log.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Make a user with a first account; asks for the password."""
    from services.domain.credentials import Role
    from services.usecases.manage_users import create_user

    password = _password(from_stdin=password_stdin)
    role = Role.ADMIN if admin else Role.USER
    id_ = carried_out(lambda services: create_user(services, name, password, role))
    typer.echo(f"{role} {name} made, user {id_}")


def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Give a user another password, `local` (the owner of a local run) included; all their sessions end."""
    from services.usecases.manage_users import set_password

    new = _password(from_stdin=password_stdin)

    async def change(services: "Services") -> None:
        await set_password(services, name, new)

    carried_out(change)
    typer.echo(f"{name} has a new password")


def everybody() -> "list[User]":
    """All users, by id."""
    from services.usecases.manage_users import list_users

    async def all_pages(services: "Services") -> "list[User]":
        found, after = await list_users(services, 200, None)
        while after is not None:
            more, after = await list_users(services, 200, after)
            found += more
        return found

    return carried_out(all_pages)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
