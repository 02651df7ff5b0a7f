"""Plans of the oracle as lines of a replay; an entry zone by way of what a caller of the API would ask for."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from services.domain.market import Market
from services.domain.plan import Direction, EntryType
from services.usecases.new_trade import NewTrade, wanted_plan
from tests.oracle.plans import MINUTE, Plan
from tests.replay.desk import DAY


class Wish(NamedTuple):
    """What a line tells beside the oracle's plan; `limit` of a zone is only what the oracle takes for it."""

    number: int
    market: str
    symbol: str
    limit: int | None
    zone: tuple[int, int] | None
    start: int
    leverage: int


def line_of(wish: Wish, told: Plan, tick: Decimal) -> dict[str, Any]:
    """One line; prices of `told` are ticks."""
    line = {
        "id": wish.number,
        "market_type": wish.market,
        "symbol": wish.symbol,
        "direction": "LONG" if told.sign > 0 else "SHORT",
        "entry_type": "MARKET" if wish.limit is None else "LIMIT",
        "entry_price": None if wish.limit is None else str(tick * wish.limit),
        "stop_loss": str(tick * told.stop),
        "take_profits": [{"price": str(tick * price), "fraction": str(share)} for price, share in told.targets],
        "rules": _rules(told, tick),
        "position_size": "100",
        "leverage": wish.leverage,
        "opened_at": (DAY + timedelta(milliseconds=wish.start)).isoformat(),
    }
    if wish.zone is not None:
        line["entry_price"], line["rules"]["entry_zone"] = _zone(wish, told, tick)
    return line


def _rules(told: Plan, tick: Decimal) -> dict[str, Any]:
    rules: dict[str, Any] = {"follow_targets": told.follow}
    if told.break_even_after is not None:
        rules["break_even_after"] = told.break_even_after
    if told.trailing is not None:
        distance = told.trailing.distance
        trail = {"percent": str(distance)} if told.trailing.is_percent else {"distance": str(tick * distance)}
        if told.trailing.activation is not None:
            trail["activation"] = str(tick * told.trailing.activation)
        rules["trailing"] = trail
    if told.time_stop is not None:
        rules["time_stop"] = f"PT{told.time_stop // MINUTE}M"
    if told.expires_at is not None:
        rules["entry_expires_at"] = (DAY + timedelta(milliseconds=told.expires_at)).isoformat()
    return rules | {name: True for name in ("cancel_on_target", "cancel_on_stop") if getattr(told, name)}


def _zone(wish: Wish, told: Plan, tick: Decimal) -> tuple[str, str]:
    """The limit and the far edge that the product makes of a zone."""
    assert wish.zone is not None
    low, high = (tick * edge for edge in wish.zone)
    asked = NewTrade(
        market_type=Market(wish.market),
        symbol=wish.symbol,
        direction=Direction.LONG if told.sign > 0 else Direction.SHORT,
        stop_loss=tick * told.stop,
        entry_type=EntryType.LIMIT,
        entry_zone=(low, high),
    )
    plan = wanted_plan(asked)
    return str(plan.limit_price), str(plan.rules.entry_zone)
