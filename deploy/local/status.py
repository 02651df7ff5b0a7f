"""What the running system says of itself: `GET /api/system/`, as far as the screen shows it."""

import httpx
import msgspec


class Weight(msgspec.Struct, frozen=True):
    """Request weight used in this exchange minute, and the exchange's limit."""

    used: int = 0
    limit: int = 0


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
    weight: dict[str, Weight] = {}
    recent_closes: list[Close] = []


async def fetch_status(client: httpx.AsyncClient, url: str) -> Status | None:
    """The system's status; None while the API does not answer as it should."""
    try:
        answer = await client.get(f"{url}/api/system/")
        return msgspec.json.decode(answer.raise_for_status().content, type=Status, strict=False)
    except (httpx.HTTPError, msgspec.DecodeError):
        return None
