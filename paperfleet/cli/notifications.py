"""`paperfleet notifications`: messages to people's phones, chats and mailboxes, through the API."""

from typing import Annotated

import typer

from paperfleet.cli.outlet_kind import Kind
from paperfleet.cli.outlets import Description, Quiet, Rules, add_commands, address, tell, wish
from paperfleet.cli.remote import AsJson, KeyText, Url, asking, group

KIND = Kind("notifications", "notification target", "service")
notifications = group("Notification targets: list, show, create, test, edit, delete, and what was sent to them.")
add_commands(notifications, KIND)


@notifications.command("create")
def create(
    target: Annotated[
        str,
        typer.Argument(metavar="URL", help="An Apprise URL (tgram://TOKEN/CHAT); `-` reads it from standard input."),
    ],
    description: Description = None,
    rule: Rules = None,
    quiet: Quiet = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Have people told what happens from now on. The URL may hold a token: it is never shown again.

    echo "$TELEGRAM" | paperfleet notifications create - --rule 'events=closed minimum_loss=5' --rule events=system
    """
    asked = wish(description, rule, quiet)
    with asking(url, key) as client:
        made = client.notifications.create(url=address(target), **asked)
    tell(made, json, KIND, made)
