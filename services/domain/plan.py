"""The plan of a trade: what somebody wants, before the market has said anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.money import ZERO, floor_to


class Direction(StrEnum):
    """LONG profits when the price rises, SHORT when it falls."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT."""
        return 1 if self is Direction.LONG else -1


class EntryType(StrEnum):
    """MARKET enters at once at bid or ask; LIMIT rests until the path reaches its price."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A take-profit: its price, and the share of the trade's quantity that it closes."""

    price: Decimal
    fraction: Decimal = Decimal(1)


class Trailing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A stop that follows the best price since activation, so far behind it.

    Exactly one of `distance` (in USDT of price) and `percent` (of the level it follows) is set. Without an
    `activation` price it starts at the entry.
    """

    distance: Decimal | None = None
    percent: Decimal | None = None
    activation: Decimal | None = None

    def behind(self, level: Decimal) -> Decimal:
        """How far the stop stays behind `level`."""
        if self.distance is not None:
            return self.distance
        assert self.percent is not None
        return level * self.percent / 100


class Rules(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What shall happen to a trade on its way, beside stop and targets.

    break_even_after  once so many targets have filled, the stop moves to the entry price
    follow_targets    each filled target moves the stop: the first to the entry, later ones to the target before
    trailing          see Trailing
    time_stop         this long after the entry's minute the rest is closed, at the open of the next whole minute
    entry_expires_at  not filled in any minute before it (rounded up to a whole one), the entry is cancelled
    cancel_on_target  a touch of the first target before the entry cancels it
    cancel_on_stop    a minute that opens beyond the stop before the entry cancels it
    entry_zone        the far edge of an entry zone whose near edge is the limit; nothing but a record
    """

    break_even_after: int | None = None
    follow_targets: bool = False
    trailing: Trailing | None = None
    time_stop: timedelta | None = None
    entry_expires_at: datetime | None = None
    cancel_on_target: bool = False
    cancel_on_stop: bool = False
    entry_zone: Decimal | None = None

    def at_market(self) -> "Rules":
        """These rules without those that are about a limit on its way to its entry."""
        return msgspec.structs.replace(self, **{field: getattr(NO_RULES, field) for field in ONLY_FOR_LIMIT})


ONLY_FOR_LIMIT = ("entry_expires_at", "cancel_on_target", "cancel_on_stop", "entry_zone")
NO_RULES = Rules()


def edges(zone: tuple[Decimal, Decimal], direction: Direction) -> tuple[Decimal, Decimal]:
    """The edges of an entry zone, told in any order: the one that the price meets first on its way, and the far one."""
    low, high = sorted(zone)
    return (high, low) if direction is Direction.LONG else (low, high)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants: prices on the instrument's grid, `position_size` as margin in USDT.

    `limit_price` is None for MARKET. `targets` lie in the order in which the price meets them, their fractions sum
    to 1; there are none only where a trailing stop closes the trade.
    """

    direction: Direction
    entry_type: EntryType
    limit_price: Decimal | None
    stop_loss: Decimal
    targets: tuple[Target, ...]
    position_size: Decimal
    leverage: int
    rules: Rules = NO_RULES


def leg(remaining: Decimal, targets: Sequence[Target], step: Decimal) -> Decimal:
    """The quantity that the first of `targets`, those not yet filled, closes of what remains.

    Its share of what all of them share, floor to `step`; what would round to nothing takes all, as the last does.
    """
    share = remaining * targets[0].fraction / sum((target.fraction for target in targets), ZERO)
    return (floor_to(share, step) or remaining) if len(targets) > 1 else remaining
