"""`paperfleet accounts` and `keys`: money, limits and mode of accounts, keys of programs; through the API."""

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    or_none,
    show,
    show_list,
    sure,
    tell_done,
    whole,
)

if TYPE_CHECKING:
    from paperfleet.client.answers.mode import Mode

accounts = group("Accounts: list, show, create, edit, deposit, reset, ledger, mode.")
keys = group("API keys of programs: list, create, rotate, revoke.")
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


class Fills(StrEnum):
    """How prices of fills are taken."""

    OPTIMISTIC = "optimistic"
    REALISTIC = "realistic"
    HARSH = "harsh"


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
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Open another account."""
    with asking(url, key) as client:
        made = client.accounts.create(name, starting_balance=balance, idempotency_key=once)
        show(made, json, [("id", made.id), ("name", made.name), ("balance", made.balance)])


@accounts.command("edit")
def edit_account(
    account: Id,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Another name.")] = None,
    fill_model: Annotated[Fills | None, typer.Option(help="Of trades opened from now on.")] = None,
    max_open_trades: Annotated[str | None, typer.Option(metavar="N|none", help="How many may be live.")] = None,
    max_symbol_exposure: Annotated[str | None, typer.Option(metavar="USDT|none", help="Notional a pair.")] = None,
    max_leverage: Annotated[str | None, typer.Option(metavar="N|none", help="Of futures.")] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Change an account's name, fill model or limits; `none` takes a limit away.

    paperfleet accounts edit 1 --max-open-trades 10 --max-leverage none
    """
    wish = {
        "name": name,
        "fill_model": fill_model,
        "max_open_trades": whole(max_open_trades, "--max-open-trades"),
        "max_symbol_exposure": max_symbol_exposure,
        "max_leverage": whole(max_leverage, "--max-leverage"),
    }
    terms: Any = or_none(wish)
    if not terms:
        raise typer.BadParameter("give at least one of --name, --fill-model, --max-...")
    with asking(url, key) as client:
        found = client.accounts.edit(account, **terms)
        show(found, json, [(name, getattr(found, name)) for name in _ACCOUNT_ROWS])


@accounts.command("mode")
def mode(account: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show whether an account is on paper or live, and its last changes."""
    with asking(url, key) as client:
        _tell_mode(client.mode.read(account), json)


@accounts.command("paper")
def paper(account: Id, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Take an account back to paper at once. Going live is a person's step, at the dashboard."""
    with asking(url, key) as client:
        _tell_mode(client.mode.go_paper(account), json)


@accounts.command("deposit")
def deposit(
    account: Id,
    amount: Annotated[str, typer.Argument(metavar="USDT", help="So much more.")],
    once: Once = None,
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
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Start over with an account that has no live trades, by one booking; nothing is erased."""
    with asking(url, key) as client:
        held = client.accounts.reset(account, balance=balance, idempotency_key=once)
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
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Make a key. Its text is shown this once.

    paperfleet keys create bot --scope read --scope trade --days 90
    """
    scopes: Any = [each.value for each in scope or [ScopeName.READ]]
    with asking(url, key) as client:
        made = client.keys.create(name, scopes=scopes, days=days or None, idempotency_key=once)
        show(made, json, [("id", made.id), ("scopes", made.scopes), ("expires", made.expires_at), ("key", made.key)])


@keys.command("rotate")
def rotate(
    key_number: Id,
    overlap: Annotated[int, typer.Option(metavar="HOURS", min=0, max=720, help="How long the old one works on.")] = 24,
    once: Once = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Replace a key by a new one with the same scopes. Its text is shown this once."""
    with asking(url, key) as client:
        made = client.keys.rotate(key_number, overlap_hours=overlap, idempotency_key=once)
        show(made, json, [("id", made.id), ("expires", made.expires_at), ("key", made.key)])


@keys.command("revoke")
def revoke(key_number: Id, yes: Yes = False, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """End a key at once, and the streams that it opened."""
    sure(f"Revoke key {key_number}?", yes)
    with asking(url, key) as client:
        client.keys.revoke(key_number)
    tell_done(json, "revoked", key_number, f"key {key_number} holds no longer")


def _tell_mode(found: "Mode", json: bool) -> None:
    rows = [("mode", found.mode), ("until", found.live_until), ("webhook", found.webhook_id)]
    rows += [(f"{each.at:%Y-%m-%d %H:%M:%S}", f"{each.mode}: {each.reason}") for each in found.changes[:10]]
    show(found, json, rows)
