"""`paperfleet sources`: where signals come from, how they are taken, where alerts are posted; through the API."""

from collections import Counter
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperfleet.cli.remote import (
    AccountId,
    AsJson,
    KeyText,
    Most,
    Url,
    Yes,
    asking,
    group,
    number_of,
    or_none,
    show,
    show_list,
    sure,
    tell_done,
    told,
    whole,
)

if TYPE_CHECKING:
    from paperfleet.client import Client
    from paperfleet.client.answers.signal import Source


class MarketOrNone(StrEnum):
    """A market, or what takes the setting away."""

    SPOT = "SPOT"
    FUTURES = "FUTURES"
    NONE = "none"


class EntryOrNone(StrEnum):
    """A way to enter, or what takes the setting away."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    NONE = "none"


sources = group("Sources of signals: list, show, create, edit, follow, unfollow, statistics, rotate-secret.")
Chosen = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's number or name.")]
Public = Annotated[bool | None, typer.Option("--public/--private", help="Whether anybody may read and follow it.")]
Auto = Annotated[
    bool | None, typer.Option("--auto-trade/--no-auto-trade", help="Whether accounts that follow trade by themselves.")
]
Market = Annotated[MarketOrNone | None, typer.Option(case_sensitive=False, help="Of tickers that do not say.")]
Entry = Annotated[EntryOrNone | None, typer.Option(case_sensitive=False, help="Whatever signals ask for.")]
Size = Annotated[str | None, typer.Option(metavar="USDT", help="Margin of a signal that has none.")]
Leverage = Annotated[
    str | None, typer.Option("--max-leverage", metavar="N", help="A signal that asks for more gets it.")
]
Stop = Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the entry, for a signal without a stop.")]
Target = Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the entry, for a signal without a target.")]
Lag = Annotated[
    int | None,
    typer.Option("--max-lag", metavar="SECONDS", help="How old a signal may be that is traded; 300 at first."),
]
Dedup = Annotated[
    int | None,
    typer.Option("--dedup", metavar="SECONDS", help="The same again so soon is the same signal; 60 at first."),
]
_COLUMNS = tuple(
    (name, name) for name in ("id", "name", "is_own", "is_public", "auto_trade", "has_secret", "created_at")
)
_SETTINGS = (
    *("is_public", "auto_trade", "market_type", "entry_type", "position_size", "leverage_max", "stop_loss_percent"),
    *("take_profit_percent", "max_lag_seconds", "dedup_seconds"),
)


@sources.command("list")
def list_(limit: Most = 30, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """List your sources, followed and public ones, newest first."""
    with asking(url, key) as client:
        show_list(islice(client.sources.list(limit=min(limit, 200)), limit), json, _COLUMNS, "no sources")


@sources.command("show")
def show_one(source: Chosen, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Show a source's settings, and how your accounts follow it."""
    with asking(url, key) as client:
        _tell(client.sources.read(source_number(client, source)), json)


@sources.command("create")
def create(
    name: Annotated[str, typer.Argument(help="It stays: trades bear it.")],
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Whether your account takes its signals.")
    ] = True,
    public: Public = None,
    auto_trade: Auto = None,
    market: Market = None,
    entry: Entry = None,
    size: Size = None,
    leverage: Leverage = None,
    stop: Stop = None,
    target: Target = None,
    max_lag: Lag = None,
    dedup: Dedup = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Make a source; `rotate-secret` then gives it an address for alerts.

    paperfleet sources create chart --stop 2 --target 4 --max-leverage 5
    """
    settings = _settings(public, auto_trade, market, entry, size, leverage, stop, target, max_lag, dedup)
    with asking(url, key) as client:
        _tell(client.sources.create(name=name, follow=follow, **settings), json)


@sources.command("edit")
def edit(
    source: Chosen,
    public: Public = None,
    auto_trade: Auto = None,
    market: Market = None,
    entry: Entry = None,
    size: Size = None,
    leverage: Leverage = None,
    stop: Stop = None,
    target: Target = None,
    max_lag: Lag = None,
    dedup: Dedup = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Change how a source's signals are taken from now on; `none` takes a setting away.

    paperfleet sources edit chart --max-leverage none --no-auto-trade
    """
    settings = _settings(public, auto_trade, market, entry, size, leverage, stop, target, max_lag, dedup)
    if not settings:
        raise typer.BadParameter("give at least one of --public, --auto-trade, --market, --entry, --size, --max-...")
    with asking(url, key) as client:
        _tell(client.sources.edit(source_number(client, source), **settings), json)


@sources.command("follow")
def follow(
    source: Chosen,
    account: AccountId = None,
    entry: Entry = None,
    size: Annotated[str | None, typer.Option(metavar="USDT", help="Margin of a trade.")] = None,
    equity: Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the equity, as margin.")] = None,
    risk: Annotated[str | None, typer.Option(metavar="PERCENT", help="Of the equity, lost at the stop.")] = None,
    leverage: Annotated[int | None, typer.Option("--max-leverage", metavar="N", help="Below the source's.")] = None,
    json: AsJson = False,
    url: Url = None,
    key: KeyText = None,
) -> None:
    """Take a source's signals from now on, or otherwise than before: what is not given is as the source has it.

    paperfleet sources follow chart --risk 1 --max-leverage 3
    """
    asked = {"entry_type": entry, "position_size": size, "equity_percent": equity, "risk_percent": risk}
    otherwise: Any = or_none(asked | {"leverage_max": leverage})
    with asking(url, key) as client:
        _tell(client.sources.follow(source_number(client, source), account_id=account, **otherwise), json)


@sources.command("unfollow")
def unfollow(
    source: Chosen, account: AccountId = None, json: AsJson = False, url: Url = None, key: KeyText = None
) -> None:
    """Take no further signals of a source; what is open stays open."""
    with asking(url, key) as client:
        number = source_number(client, source)
        client.sources.unfollow(number, account_id=account)
    tell_done(json, "unfollowed", number, f"signals of {source} are not taken any more")


@sources.command("rotate-secret")
def rotate_secret(source: Chosen, yes: Yes = False, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """Make the address that a chart or bot posts alerts to, shown this once. The one before is worth nothing then."""
    with asking(url, key) as client:
        found = client.sources.read(source_number(client, source))
        if found.has_secret:
            sure(f"End the address that alerts of {found.name} are posted to now?", yes)
        made = client.sources.rotate_secret(found.id)
        where = made.path and f"{client.door.url}{made.path}"
        show(made, json, [("secret", made.secret), ("alerts go to", where)])


@sources.command("statistics")
def statistics(source: Chosen, json: AsJson = False, url: Url = None, key: KeyText = None) -> None:
    """What became of a source's signals of the last 90 days, and what your accounts decided."""
    with asking(url, key) as client:
        found = client.sources.statistics(source_number(client, source))
    counts = [("signals", found.signals), ("refused for", found.refused_for), ("decisions", found.decisions)]
    rows = [(name, _counted(each)) for name, each in (*counts, ("declined for", found.declined_for))]
    show(found, json, [*rows, ("followers", found.followers), ("last signal", found.last_signal_at)])


def source_number(client: "Client", text: str) -> int:
    """The id of the source that is named by number or name."""
    return number_of(text, client.sources.list(), "source", "paperfleet sources list")


def _tell(source: "Source", json: bool) -> None:
    rows = [(name, getattr(source, name)) for name in ("id", "name", "is_own", "has_secret", *_SETTINGS)]
    for each in source.follows or ():
        otherwise = [(name, getattr(each.overrides, name)) for name in each.overrides.__struct_fields__]
        terms = ", ".join(f"{name} {told(value)}" for name, value in otherwise if value is not None)
        rows.append((f"account {each.account_id}", f"follows since {told(each.followed_at)}; {terms}".rstrip("; ")))
    show(source, json, rows)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in Counter(counts).most_common())


def _settings(
    public: bool | None,
    auto_trade: bool | None,
    market: MarketOrNone | None,
    entry: EntryOrNone | None,
    size: str | None,
    leverage: str | None,
    stop: str | None,
    target: str | None,
    max_lag: int | None,
    dedup: int | None,
) -> Any:
    wish = {
        "is_public": public,
        "auto_trade": auto_trade,
        "market_type": market,
        "entry_type": entry,
        "position_size": size,
        "leverage_max": whole(leverage, "--max-leverage"),
        "stop_loss_percent": stop,
        "take_profit_percent": target,
        "max_lag_seconds": max_lag,
        "dedup_seconds": dedup,
    }
    return or_none(wish)
