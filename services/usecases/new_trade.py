"""What a caller asks for when a trade is to be opened, and the plan that it means."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from services.domain.errors import InvalidInput
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Plan, Rules, Target, Trailing, edges
from services.domain.sizing import DEFAULT_SIZE, Sizing, check_sizing

NUMBER_MAX = Decimal("1e15")


class NewTrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks for. Prices in USDT; entry_price only for LIMIT. `account_id`: the caller's first, if absent.

    At most one size: `position_size`, the margin in USDT (100 if nothing is given); `equity_percent` of the account's
    equity as margin; or `risk_percent` of it that is lost when the stop is hit, fees and slippage included.

    One `take_profit` for the whole quantity, or `take_profits` with the fraction each closes. The rules below them:

    break_even_after  once so many take-profits have filled, the stop moves to the entry price
    follow_targets    each filled take-profit moves the stop: the first to the entry, later ones to the one before
    trailing          a stop `distance` (USDT) or `percent` behind the best price, from `activation` or the entry on
    time_stop         this long after the entry (ISO 8601, as PT4H) the rest is closed at the market
    entry_expires_at  a LIMIT entry that has not filled by then is cancelled
    cancel_on_target  a LIMIT entry is cancelled when the first take-profit is touched before it fills
    cancel_on_stop    a LIMIT entry is cancelled when a minute opens beyond the stop before it fills
    entry_zone        [from, to]: instead of entry_price; enters at the first price inside the zone, or better
    """

    market_type: Market
    symbol: str
    direction: Direction
    stop_loss: Decimal
    take_profit: Decimal | None = None
    take_profits: tuple[Target, ...] | None = None
    entry_type: EntryType = EntryType.MARKET
    entry_price: Decimal | None = None
    entry_zone: tuple[Decimal, Decimal] | None = None
    break_even_after: int | None = None
    follow_targets: bool = False
    trailing: Trailing | None = None
    time_stop: timedelta | None = None
    entry_expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    cancel_on_target: bool = False
    cancel_on_stop: bool = False
    position_size: Decimal | None = None
    equity_percent: Decimal | None = None
    risk_percent: Decimal | None = None
    leverage: int = 1
    fill_model: FillModel | None = None
    source: str = "api"
    notes: str = ""
    account_id: int | None = None


def wanted_plan(wish: NewTrade) -> Plan:
    """The plan, not yet on any grid. Raises InvalidInput naming the field."""
    _check_numbers(wish)
    if wish.take_profit is not None and wish.take_profits is not None:
        raise InvalidInput("two_targets", "give either take_profit or take_profits", field="take_profits")
    single = () if wish.take_profit is None else (Target(wish.take_profit),)
    limit, far = _entry(wish)
    return Plan(
        direction=wish.direction,
        entry_type=wish.entry_type,
        limit_price=limit,
        stop_loss=wish.stop_loss,
        targets=single if wish.take_profits is None else wish.take_profits,
        position_size=wish.position_size or DEFAULT_SIZE,
        leverage=wish.leverage,
        rules=Rules(
            break_even_after=wish.break_even_after,
            follow_targets=wish.follow_targets,
            trailing=wish.trailing,
            time_stop=wish.time_stop,
            entry_expires_at=wish.entry_expires_at,
            cancel_on_target=wish.cancel_on_target,
            cancel_on_stop=wish.cancel_on_stop,
            entry_zone=far,
        ),
    )


def wanted_sizing(wish: NewTrade) -> Sizing:
    """How the position is sized. Raises InvalidInput naming the field."""
    sizing = Sizing(wish.position_size, wish.equity_percent, wish.risk_percent)
    check_sizing(sizing)
    return sizing


def _entry(wish: NewTrade) -> tuple[Decimal | None, Decimal | None]:
    """The limit, and the far edge of the zone, whose near one is the limit."""
    if wish.entry_zone is None:
        return wish.entry_price, None
    if wish.entry_price is not None:
        raise InvalidInput("two_entries", "give either entry_price or entry_zone", field="entry_zone")
    return edges(wish.entry_zone, wish.direction)


def _check_numbers(wish: NewTrade) -> None:
    given: list[tuple[str, Decimal | None]] = [
        ("entry_price", wish.entry_price),
        ("stop_loss", wish.stop_loss),
        ("take_profit", wish.take_profit),
        ("position_size", wish.position_size),
        ("equity_percent", wish.equity_percent),
        ("risk_percent", wish.risk_percent),
        *numbers_of(wish.take_profits or (), wish.trailing),
    ]
    given += [("entry_zone", edge) for edge in wish.entry_zone or ()]
    for field, value in given:
        check_number(field, value)
    for field, longest in (("source", 80), ("notes", 4000)):
        text = getattr(wish, field)
        if len(text) > longest or "\x00" in text or (field == "source" and not (text and text.isprintable())):
            raise InvalidInput("bad_text", f"{field} must have at most {longest} printable characters", field=field)


def check_number(field: str, value: Decimal | None) -> None:
    """Raises InvalidInput unless `value` is absent, or positive and finite."""
    if value is not None and not (value.is_finite() and 0 < value < NUMBER_MAX):
        raise InvalidInput("not_a_positive_number", f"{field} must be a positive, finite number", field=field)


def numbers_of(targets: Iterable[Target], trailing: Trailing | None) -> list[tuple[str, Decimal | None]]:
    """The numbers in targets and in a trailing stop, each with its field."""
    found: list[tuple[str, Decimal | None]] = []
    for target in targets:
        found += [("take_profits", target.price), ("take_profits", target.fraction)]
    if trailing is not None:
        found += [(f"trailing.{field}", getattr(trailing, field)) for field in trailing.__struct_fields__]
    return found
