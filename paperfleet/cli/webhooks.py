"""`paperfleet webhooks`: signed messages to programs of one's own, through the API."""

from typing import Annotated

import typer

from paperfleet.cli.outlet_kind import Kind
from paperfleet.cli.outlets import Description, Quiet, Rules, add_commands, address, tell, wish
from paperfleet.cli.remote import AsJson, Id, KeyText, Url, asking, group

KIND = Kind("webhooks", "webhook", "url")
webhooks = group("Outgoing webhooks: list, show, create, verify, test, edit, rotate, delete, and their deliveries.")
add_commands(webhooks, KIND)


@webhooks.command("create")
def create(
    endpoint: Annotated[str, typer.Argument(metavar="URL", help="Where it leads; `-` reads it from standard input.")],
    description: Description = None,
    rule: Rules = None,
    quiet: Quiet = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Have what happens from now on sent to an endpoint. The secret that signs it is shown this once.

    paperfleet webhooks create https://executor.example.org/in --rule events=opened,closed,cancelled
    """
    asked = wish(description, rule, quiet)
    with asking(url, key) as client:
        made = client.webhooks.create(url=address(endpoint), **asked)
    tell(made, json, KIND, made.webhook, made.secret)


@webhooks.command("verify")
def verify(webhook: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Have the endpoint answer a challenge now, without which no account goes live by it."""
    with asking(url, key) as client:
        found = client.webhooks.verify(webhook)
    tell(found, json, KIND, found)


@webhooks.command("rotate")
def rotate(webhook: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Make another signing secret, shown this once. For a day messages bear two signatures, by the old and the new."""
    with asking(url, key) as client:
        made = client.webhooks.rotate(webhook)
    tell(made, json, KIND, made.webhook, made.secret)
