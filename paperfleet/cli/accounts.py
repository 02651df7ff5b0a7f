"""`paperfleet accounts`, `keys` and `system`: money, keys of programs, how the fleet stands; through the API."""

from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

import typer

from paperfleet.cli.remote import AsJson, KeyText, Most, Url, asking, group, show, show_list

accounts = group("Accounts: list, show, create, deposit, reset, ledger.")
keys = group("API keys of programs: list, create, rotate, revoke.")
system = group("How the fleet stands.")
Id = Annotated[int, typer.Argument(metavar="ID", help="Its number.")]
Idempotent = Annotated[
    str | None, typer.Option("--once", metavar="TEXT", help="Given again with the same text, it does nothing twice.")
]
_ACCOUNT_ROWS = (
    *("id", "name", "mode", "balance", "reserved", "free", "unrealized_profit_loss", "equity", "fill_model"),
    *("max_open_trades", "max_symbol_exposure", "max_leverage"),
)
_KEY_COLUMNS = (
    ("id", "id"),
    ("key", "key_id"),
    ("name", "name"),
    ("scopes", "scopes"),
    ("expires", "expires_at"),
    ("last used", "last_used_at"),
    ("revoked", "revoked_at"),
)


class ScopeName(StrEnum):
    """What a key may do."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


@accounts.command("list")
def list_accounts(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List your accounts with their money, in USDT."""
    columns = [(name, name) for name in ("id", "name", "mode", "balance", "reserved", "free", "equity")]
    with asking(url, key) as client:
        show_list(client.accounts.list(), json, columns, "no accounts")


@accounts.command("show")
def show_account(account: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show an account: money and limits."""
    with asking(url, key) as client:
        found = client.accounts.read(account)
        show(found, json, [(name, getattr(found, name)) for name in _ACCOUNT_ROWS])


@accounts.command("create")
def create_account(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    balance: Annotated[str | None, typer.Option(metavar="USDT", help="What it begins with.")] = None,
    once: Idempotent = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Open another account."""
    with asking(url, key) as client:
        made = client.accounts.create(name, starting_balance=balance, idempotency_key=once)
        show(made, json, [("id", made.id), ("name", made.name), ("balance", made.balance)])


@accounts.command("deposit")
def deposit(
    account: Id,
    amount: Annotated[str, typer.Argument(metavar="USDT", help="So much more.")],
    once: Idempotent = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Put more money on an account."""
    with asking(url, key) as client:
        held = client.accounts.deposit(account, amount, idempotency_key=once)
        show(held, json, [("id", held.id), ("balance", held.balance), ("free", held.free)])


@accounts.command("reset")
def reset(
    account: Id,
    balance: Annotated[str | None, typer.Option(metavar="USDT", help="What it starts over with.")] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Start over with an account that has no live trades, by one booking; nothing is erased."""
    with asking(url, key) as client:
        held = client.accounts.reset(account, balance=balance)
        show(held, json, [("id", held.id), ("balance", held.balance)])


@accounts.command("ledger")
def ledger(account: Id, limit: Most = 30, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List an account's bookings, newest first; the balance is their sum."""
    columns = [(name, name) for name in ("id", "kind", "trade_id", "amount", "booked_at")]
    with asking(url, key) as client:
        found = client.accounts.ledger(account, limit=min(limit, 200))
        show_list(islice(found, limit), json, columns, "no bookings")


@keys.command("list")
def list_keys(limit: Most = 30, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List your keys, newest first, ended ones included."""
    with asking(url, key) as client:
        show_list(islice(client.keys.list(), limit), json, _KEY_COLUMNS, "no keys")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who shows it.")],
    scope: Annotated[list[ScopeName] | None, typer.Option(help="What it may do; repeatable. read, if absent.")] = None,
    days: Annotated[int, typer.Option(min=0, max=3650, help="How long it holds; 0: until it is revoked.")] = 365,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Make a key. Its text is shown this once.

    paperfleet keys create bot --scope read --scope trade --days 90
    """
    scopes: Any = [each.value for each in scope or [ScopeName.READ]]
    with asking(url, key) as client:
        made = client.keys.create(name, scopes=scopes, days=days or None)
        show(made, json, [("id", made.id), ("scopes", made.scopes), ("expires", made.expires_at), ("key", made.key)])


@keys.command("rotate")
def rotate(
    key_number: Id,
    overlap: Annotated[int, typer.Option(metavar="HOURS", min=0, max=720, help="How long the old one works on.")] = 24,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Replace a key by a new one with the same scopes. Its text is shown this once."""
    with asking(url, key) as client:
        made = client.keys.rotate(key_number, overlap_hours=overlap)
        show(made, json, [("id", made.id), ("expires", made.expires_at), ("key", made.key)])


@keys.command("revoke")
def revoke(key_number: Id, url: Url = None, key: KeyText = None) -> None:
    """End a key at once, and the streams that it opened."""
    with asking(url, key) as client:
        client.keys.revoke(key_number)
    typer.echo(f"key {key_number} holds no longer")


@system.command("show")
def show_system(json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show trades, cycles, lag, request weight, what is stopped, and who is alive."""
    with asking(url, key) as client:
        found = client.system.read()
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), getattr(found, name))
        for name in ("pairs", "open_trades", "pending_trades", "held_trades", "closed_tp", "closed_sl")
    ]
    rows += [("cycle", found.cycle_slot), ("cycle seconds", found.cycle_seconds), ("lag seconds", found.lag_seconds)]
    rows += [(f"weight {market}", f"{each.used} of {each.limit}") for market, each in found.weight.items()]
    rows += [(f"stopped: {each.what}", f"{each.reason} ({each.by_whom})") for each in found.fleet.halts]
    alive = [each.kind for each in found.fleet.processes]
    rows.append(("alive", ", ".join(f"{alive.count(kind)} {kind}" for kind in sorted(set(alive)))))
    show(found, json, rows)
