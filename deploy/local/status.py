"""What the running system says of itself, as far as the screen shows it."""

import asyncio
from typing import TypeVar

import httpx
import msgspec


class Weight(msgspec.Struct, frozen=True):
    """Request weight used in this exchange minute, and the exchange's limit."""

    used: int = 0
    limit: int = 0


class Feed(msgspec.Struct, frozen=True):
    """A market's time, and the age of its quotes."""

    exchange_time: str = ""
    quote_age_seconds: float | None = None


class Money(msgspec.Struct, frozen=True):
    """The account in USDT, and whether it is on paper or live."""

    equity: str = ""
    mode: str = ""


class Accounts(msgspec.Struct, frozen=True):
    """The first page of accounts."""

    results: list[Money] = []


class Record(msgspec.Struct, frozen=True):
    """What closed trades came to: profit in USDT, win rate in percent."""

    total_profit_loss: str | None = None
    win_rate: str | None = None


class Close(msgspec.Struct, frozen=True):
    """A trade that has closed."""

    symbol: str = ""
    market_type: str = ""
    direction: str = ""
    status: str = ""
    profit_loss: str | None = None
    exit_time: str | None = None


class Status(msgspec.Struct, frozen=True):
    """Every field may be missing: an older or younger API must not blind the screen."""

    pairs: int | None = None
    cycle_seconds: float | None = None
    open_trades: int | None = None
    pending_trades: int | None = None
    closed_tp: int | None = None
    closed_sl: int | None = None
    lag_seconds: float | None = None
    feeds: dict[str, Feed] = {}
    weight: dict[str, Weight] = {}
    recent_closes: list[Close] = []


class Seen(msgspec.Struct, frozen=True):
    """All that the screen shows."""

    system: Status = Status()
    money: Money = Money()
    record: Record = Record()
    live: int = 0
    """How many accounts are live."""


async def fetch_status(client: httpx.AsyncClient, url: str) -> Seen | None:
    """The system's status; None while the API does not answer as it should."""
    try:
        system, accounts, record = await asyncio.gather(
            _fetch(client, f"{url}/api/system/", Status),
            _fetch(client, f"{url}/api/accounts/", Accounts),
            _fetch(client, f"{url}/api/paper-trades/performance/", Record),
        )
    except (httpx.HTTPError, msgspec.DecodeError):
        return None
    live = sum(account.mode == "live" for account in accounts.results)
    return Seen(system, accounts.results[0] if accounts.results else Money(), record, live)


T = TypeVar("T")


async def _fetch(client: httpx.AsyncClient, url: str, kind: type[T]) -> T:
    answer = await client.get(url)
    return msgspec.json.decode(answer.raise_for_status().content, type=kind, strict=False)
