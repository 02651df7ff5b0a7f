"""What became of messages to webhooks and notification targets: `test`, `deliveries`, `replay`, `drop` of either."""

from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from paperfleet.cli.outlet_kind import Kind
from paperfleet.cli.remote import AsJson, Id, KeyText, Most, Url, Yes, asking, show, show_list, sure


class StateName(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


Chosen = Annotated[
    list[int] | None, typer.Option("--delivery", metavar="ID", help="This one, as `deliveries` lists it; repeatable.")
]
Dead = Annotated[bool, typer.Option("--all-dead", help="Every one that was given up.")]
InState = Annotated[StateName | None, typer.Option("--state", help="Only those in this state.")]
Stream = Annotated[str | None, typer.Option(metavar="NAME", help="Events of this stream, as `deliveries` lists it.")]
First = Annotated[int | None, typer.Option("--from", metavar="N", min=1, help="The first of them, by its sequence.")]
Last = Annotated[int | None, typer.Option("--to", metavar="N", min=1, help="The last of them.")]
_COLUMNS = (
    ("id", "id"),
    ("event", "type"),
    ("stream", "stream"),
    ("sequence", "sequence"),
    ("state", "state"),
    ("attempts", "attempts"),
    ("made", "created_at"),
    ("last", "last_attempt_at"),
    ("next", "next_attempt_at"),
    ("status", "status_code"),
    ("ms", "milliseconds"),
    ("error", "error"),
)


def add_commands(group: typer.Typer, kind: Kind) -> None:
    """Give a group the commands about deliveries to its kind of outlet."""

    @group.command("test")
    def test(outlet: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
        """Send one message now, whatever the rules want. Exit code 1: it was not taken."""
        with asking(url, key) as client:
            trial = kind.of(client).test(outlet)
        show(trial, json, [(name, getattr(trial, name)) for name in trial.__struct_fields__])
        if not trial.delivered:
            raise typer.Exit(1)

    @group.command("deliveries")
    def deliveries(
        outlet: Id,
        state: InState = None,
        limit: Most = 30,
        json: AsJson = False,
        url: Url = None,
        key: KeyText = None,
    ) -> None:
        """List what was or shall be sent there, newest first: delivered ones for 7 days, dead ones for 30."""
        wanted = None if state is None else state.value
        with asking(url, key) as client:
            found = kind.of(client).deliveries(outlet, state=wanted, limit=min(limit, 200))
            show_list(islice(found, limit), json, _COLUMNS, "no deliveries")

    @group.command("replay")
    def replay(
        outlet: Id,
        delivery: Chosen = None,
        all_dead: Dead = False,
        stream: Stream = None,
        first: First = None,
        last: Last = None,
        json: AsJson = False,
        url: Url = None,
        key: KeyText = None,
    ) -> None:
        """Send again, under the same ids: some deliveries, all dead ones, or a stretch of a stream's events."""
        stretch = {"stream": stream, "from_sequence": first, "to_sequence": last}
        with asking(url, key) as client:
            done = kind.of(client).replay(outlet, delivery_ids=delivery, all_dead=all_dead or None, **stretch)
        show(done, json, [("sent again", done.deliveries)])

    @group.command("drop")
    def drop(
        outlet: Id,
        delivery: Chosen = None,
        all_dead: Dead = False,
        yes: Yes = False,
        json: AsJson = False,
        url: Url = None,
        key: KeyText = None,
    ) -> None:
        """Forget some deliveries that wait or are dead, or all dead ones: they are never made."""
        if (delivery is None) != all_dead:
            raise typer.BadParameter("give --delivery or --all-dead")
        which = "all dead deliveries" if delivery is None else f"{len(delivery)} deliveries"
        sure(f"Forget {which} to {kind.thing} {outlet}?", yes)
        with asking(url, key) as client:
            done = kind.of(client).drop(outlet, delivery_ids=delivery, all_dead=all_dead or None)
        show(done, json, [("forgotten", done.deliveries)])
