"""`paperfleet links`: an account's performance for anybody who has the link, and nothing else; through the API."""

from itertools import islice
from typing import Annotated

import typer

from paperfleet.cli.performance import Days, tell_summary
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
    show,
    show_list,
    sure,
    tell_done,
)

links = group("Public links to an account's performance: list, create, show, revoke.")
Account = Annotated[int, typer.Argument(metavar="ACCOUNT", help="The account's number.")]
_COLUMNS = (
    ("id", "id"),
    ("name", "name"),
    ("made", "created_at"),
    ("expires", "expires_at"),
    ("revoked", "revoked_at"),
)


@links.command("list")
def list_(account: Account, limit: Most = 30, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List an account's links, newest first, ended ones included."""
    with asking(url, key) as client:
        show_list(islice(client.links.list(account, limit=min(limit, 200)), limit), json, _COLUMNS, "no links")


@links.command("create")
def create(
    account: Account,
    name: Annotated[str, typer.Argument(help="Whom it is for.")],
    days: Annotated[int, typer.Option(min=0, max=3650, help="How long it holds; 0: until it is revoked.")] = 0,
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Make a link that anybody may read who has it. It is shown this once.

    paperfleet links create 1 "for the newsletter" --days 30
    """
    with asking(url, key) as client:
        made = client.links.create(account, name, days=days or None, idempotency_key=once)
        place = None if made.token is None else f"{client.door.url}/api/public/{made.token}/performance/"
    show(made, json, [("id", made.id), ("name", made.name), ("expires", made.expires_at), ("link", place)])


@links.command("show")
def show_one(
    link: Annotated[str, typer.Argument(metavar="LINK", help="As it was shown when it was made, or its token.")],
    days: Days = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Show what whoever has the link sees; no key is needed."""
    token = link.removesuffix("/").removesuffix("/performance").rpartition("/")[2]
    with asking(url, key) as client:
        shared = client.links.shared(token, days=days)
    tell_summary(shared, json, shared.performance, ("account", shared.account))


@links.command("revoke")
def revoke(
    account: Account, link: Id, yes: Yes = False, json: AsJson = False, url: Url = None, key: KeyText = None
) -> None:
    """End a link at once: it shows nothing any more."""
    sure(f"Revoke link {link} of account {account}?", yes)
    with asking(url, key) as client:
        client.links.revoke(account, link)
    tell_done(json, "revoked", link, f"link {link} shows nothing any more")
