"""What `paperfleet webhooks` and `notifications` have in common: list, show, edit, delete, and what is told of one."""

import sys
from typing import Annotated, Any

import typer

from paperfleet.cli import deliveries
from paperfleet.cli.outlet_kind import Kind
from paperfleet.cli.remote import AsJson, Id, KeyText, Url, Yes, asking, show, show_list, sure, tell_done
from paperfleet.cli.rules import read_quiet, read_rules, written_quiet, written_rule

Description = Annotated[str | None, typer.Option("--description", metavar="TEXT", help="What it is, for yourself.")]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="RULE",
        help="What it gets: 'events=opened,closed account_ids=1 sources=chart minimum_profit=10 minimum_loss=5', as"
        " much of it as shall narrow. Events: created, opened, updated, closed, cancelled, voided (of trades), signal,"
        " account, instrument, system. Repeatable: one rule that wants an event is enough; `none`: every event.",
    ),
]
Quiet = Annotated[
    str | None,
    typer.Option("--quiet", metavar="HOURS", help="'22:00-07:00 Europe/Berlin': messages wait till then; or `none`."),
]
_ROWS = (
    *("enabled", "disabled_reason", "failures", "failing_since", "retry_at", "two_signatures_until", "waiting"),
    *("dead", "delivered_total", "created_at", "updated_at"),
)


def wish(description: str | None, rules: list[str] | None, quiet: str | None) -> dict[str, Any]:
    """What the options ask for, by the API's names; what was not given is absent."""
    given: dict[str, Any] = {} if description is None else {"description": description}
    given |= {} if rules is None else {"rules": read_rules(rules)}
    return given | ({} if quiet is None else {"quiet_hours": read_quiet(quiet)})


def address(text: str) -> str:
    """An address as it was given; `-` is the first line of standard input."""
    return sys.stdin.readline().strip() if text == "-" else text


def tell(answer: Any, json: bool, kind: Kind, outlet: Any, secret: str | None = None) -> None:
    """An outlet with its rules, and its signing secret where the answer has one."""
    rows: list[tuple[str, object]] = [("id", outlet.id), (kind.where, getattr(outlet, kind.where))]
    rows.append(("description", outlet.description))
    rows += [("rule", written_rule(each)) for each in outlet.rules] or [("rules", "none: every event goes there")]
    rows.append(("quiet", None if outlet.quiet_hours is None else written_quiet(outlet.quiet_hours)))
    if hasattr(outlet, "verified_at"):
        rows.append(("verified", outlet.verified_at or "no"))
    show(answer, json, [*rows, *((name, getattr(outlet, name, None)) for name in _ROWS), ("secret", secret)])


def add_commands(group: typer.Typer, kind: Kind) -> None:
    """Give a group the commands that every kind of outlet has."""
    columns = [(name, name) for name in ("id", kind.where, "description", "enabled")]
    columns += [("failing since", "failing_since"), ("waiting", "waiting"), ("dead", "dead")]
    columns += [("delivered", "delivered_total")]

    @group.command("list")
    def list_(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
        """List yours, and how each is doing."""
        with asking(url, key) as client:
            show_list(kind.of(client).list(), json, columns, f"no {kind.part}")

    @group.command("show")
    def show_one(outlet: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
        """Show what one gets, and how it is doing."""
        with asking(url, key) as client:
            found = kind.of(client).read(outlet)
        tell(found, json, kind, found)

    @group.command("edit")
    def edit(
        outlet: Id,
        to: Annotated[
            str | None, typer.Option("--to", metavar="URL", help="Where it leads; `-` reads it from standard input.")
        ] = None,
        description: Description = None,
        rule: Rules = None,
        quiet: Quiet = None,
        enabled: Annotated[
            bool | None,
            typer.Option("--enabled/--disabled", help="Enabled, it goes on where it had stopped."),
        ] = None,
        json: AsJson = False,
        url: Url = None,
        key: KeyText = None,
    ) -> None:
        """Change where it leads, what it gets or when; or switch it off and on. Rules given replace all it had."""
        changes = wish(description, rule, quiet)
        changes |= {} if to is None else {"url": address(to)}
        changes |= {} if enabled is None else {"enabled": enabled}
        if not changes:
            raise typer.BadParameter("give at least one of --to, --description, --rule, --quiet, --enabled, --disabled")
        with asking(url, key) as client:
            found = kind.of(client).edit(outlet, **changes)
        tell(found, json, kind, found)

    @group.command("delete")
    def delete(outlet: Id, yes: Yes = False, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
        """Delete one with everything that waits for it. Accounts that are live by it go back to paper."""
        with asking(url, key) as client:
            found = kind.of(client).read(outlet)
            sure(
                f"Delete {kind.thing} {outlet} ({getattr(found, kind.where)}) and {found.waiting} waiting messages?",
                yes,
            )
            kind.of(client).delete(outlet)
        tell_done(json, "deleted", outlet, f"{kind.thing} {outlet} is deleted")

    deliveries.add_commands(group, kind)
