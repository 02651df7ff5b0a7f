"""`paperfleet system`: how the fleet stands, what stops it and lets it go on, who changed what; through the API."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from paperfleet.cli.books import tell_differences, verdict_on_books
from paperfleet.cli.doctor import CODES, tell_findings
from paperfleet.cli.put_aside import prices, queues
from paperfleet.cli.remote import AsJson, KeyText, Most, Url, asking, group, show, show_list, tell_json
from paperfleet.cli.trades import Id as TradeId

if TYPE_CHECKING:
    from paperfleet.client import Client
    from paperfleet.client.answers.operations import AuditEntry, Halts
    from paperfleet.client.answers.system import System

system = group("How the fleet stands, and an operator's word to it.")
system.add_typer(queues, name="queues")
system.add_typer(prices, name="prices")
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")]
_LAG_COLUMNS = (
    ("market", "market_type"),
    ("pair", "symbol"),
    ("judged to", "judged_to"),
    ("seconds", "seconds"),
    ("live trades", "live_trades"),
    ("reason", "reason"),
    ("", "text"),
)
_AUDIT_COLUMNS = (
    ("id", "id"),
    ("at", "at"),
    ("user", "user_id"),
    ("via", "via"),
    ("address", "address"),
    ("action", "action"),
    ("subject", "subject"),
    ("which", "subject_id"),
    ("columns", "columns"),
)


class AuditLine(NamedTuple):
    """A change for people: who, when, what, and which columns differ; --json has their values."""

    id: int
    at: datetime
    user_id: int | None
    via: str
    address: str
    action: str
    subject: str
    subject_id: str
    columns: str


@system.command("show")
def show_system(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show trades, cycles, lag, request weight, what is stopped, who is alive, and what is put aside."""
    with asking(url, key) as client:
        found = client.system.read()
        suspects = [] if json else _suspects(client)
    show(found, json, [*_rows(found), ("prices in quarantine", ", ".join(suspects))])


@system.command("doctor")
def doctor(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Find what is wrong, and how to mend it. Exit code 0: all is well; 1: something wants a look; 2: it is grave."""
    with asking(url, key) as client:
        found = client.system.findings()
    if json:
        tell_json(found)
    else:
        tell_findings(found.findings)
    raise typer.Exit(CODES[found.worst])


@system.command("lag")
def show_lag(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Pairs of each market.")] = 10,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """List the pairs furthest behind the exchange, each with its reason; no seconds: its clock is out of reach."""
    with asking(url, key) as client:
        show_list(client.system.lag(limit=limit), json, _LAG_COLUMNS, "no pair is followed")


@system.command("pause")
def pause(reason: Reason, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Stop the whole fleet; after `resume` every pair is judged from where it was, and no price is missed."""
    with asking(url, key) as client:
        _tell_halts(client.system.halt("fleet", reason), json)


@system.command("no-new-trades")
def no_new_trades(reason: Reason, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Stop new trades, whoever asks for them; live ones are followed to their end."""
    with asking(url, key) as client:
        _tell_halts(client.system.halt("new_trades", reason), json)


@system.command("kill")
def kill(reason: Reason, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """The kill switch: no new trades, every account back to paper at once."""
    with asking(url, key) as client:
        _tell_halts(client.system.kill(reason), json)


@system.command("resume")
def resume(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Let everything go on that was stopped."""
    with asking(url, key) as client:
        client.system.resume("new_trades")
        _tell_halts(client.system.resume("fleet"), json)


@system.command("reconcile")
def reconcile(
    wait: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="For the verdict.")] = 300,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Have a worker compare the books now, and tell its verdict; exit code 1 when they differ, 2 without a verdict."""
    with asking(url, key) as client:
        found = verdict_on_books(client, wait)
    if json:
        tell_json(found)
        raise typer.Exit(bool(found.differences))
    tell_differences(found.differences)


@system.command("void")
def void(trade: TradeId, reason: Reason, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Strike out a trade that was closed wrongly: it counts for nothing, and what it booked is taken back."""
    with asking(url, key) as client:
        struck = client.trades.void(trade, reason)
    show(struck, json, [("id", struck.id), ("status", struck.status), ("reason", struck.void_reason)])


@system.command("voids")
def voids(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List the last trades that were struck out."""
    names = ("trade_id", "account_id", "status", "profit_loss", "reason", "by_whom", "at")
    with asking(url, key) as client:
        show_list(client.system.voids(), json, [(name, name) for name in names], "none was struck out")


@system.command("audit")
def audit(
    user: Annotated[int | None, typer.Option(metavar="ID", help="By this user only.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="TABLE", help="About this table only.")] = None,
    limit: Most = 30,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """List who changed what, newest first."""
    with asking(url, key) as client:
        found = islice(client.system.audit(user_id=user, subject=subject, limit=min(limit, 200)), limit)
        show_list(found if json else map(_audit_line, found), json, _AUDIT_COLUMNS, "nothing was changed")


def _audit_line(entry: "AuditEntry") -> AuditLine:
    changed = ", ".join(entry.after or entry.before or ())
    who = (entry.id, entry.at, entry.user_id, entry.via, entry.address)
    return AuditLine(*who, entry.action, entry.subject, entry.subject_id, changed[:60])


def _rows(found: "System") -> Iterator[tuple[str, object]]:
    for name in ("pairs", "open_trades", "pending_trades", "held_trades", "closed_tp", "closed_sl"):
        yield name.replace("_", " "), getattr(found, name)
    yield from (("cycle", found.cycle_slot), ("cycle seconds", found.cycle_seconds), ("lag seconds", found.lag_seconds))
    for market, each in found.weight.items():
        yield f"weight {market}", f"{each.used} of {each.limit}" + (f", paused: {each.reason}" if each.reason else "")
    for halt in found.fleet.halts:
        yield f"stopped: {halt.what}", f"{halt.reason} ({halt.by_whom})"
    alive = [each.kind for each in found.fleet.processes]
    yield "alive", ", ".join(f"{alive.count(kind)} {kind}" for kind in sorted(set(alive)))
    yield "dead letters", sum(each.dead for each in found.fleet.queues) or None
    yield "messages in quarantine", found.fleet.quarantined_messages or None
    for check, count in found.books.differences.items():
        yield f"books differ: {check}", count
    yield "books reconciled", found.books.reconciled_at
    yield "last backup", found.backup and found.backup.made_at
    yield "switched off", ", ".join(f"{each.strategy}: {each.reason}" for each in found.disabled_strategies)


def _suspects(client: "Client") -> tuple[str, ...]:
    """Prices that are not believed yet, for those who may see them."""
    from paperfleet.client import Problem

    try:
        return client.system.queues().quarantined_prices
    except Problem:
        return ()


def _tell_halts(found: "Halts", json: bool) -> None:
    stopped = [(f"stopped: {each.what}", f"{each.reason} ({each.by_whom})") for each in found.results]
    show(found, json, stopped or [("", "everything runs")])
