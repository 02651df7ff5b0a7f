"""What leaves for whom: kinds of events, the rules that choose among them, quiet hours, and when to try again."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

FIRST_DELAY = timedelta(seconds=5)
DELAY_FACTOR = 3
DELAY_MAX = timedelta(hours=6)
DEAD_AFTER = timedelta(days=3)
"""A message that has been tried for so long in vain is set aside, and the next ones go on."""
DISABLED_AFTER = timedelta(days=5)
"""An endpoint that has taken nothing for so long is switched off."""


class EventKind(StrEnum):
    """What a rule can ask for: the six turns of a trade, and everything told of the other things."""

    CREATED = "created"
    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    VOIDED = "voided"
    SIGNAL = "signal"
    ACCOUNT = "account"
    INSTRUMENT = "instrument"
    SYSTEM = "system"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events are wanted; what is empty or null does not narrow.

    `account_ids` and `sources` narrow events that have one. `minimum_profit` and `minimum_loss` (USDT, positive) narrow
    closings: a win of less than the one, a loss of less than the other is not told.
    """

    events: tuple[EventKind, ...] = ()
    account_ids: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()
    minimum_profit: Decimal | None = None
    minimum_loss: Decimal | None = None

    def wants(self, facts: "Facts") -> bool:
        """Whether this rule lets the event through."""
        if self.events and facts.kind not in self.events:
            return False
        if self.account_ids and facts.account_id is not None and facts.account_id not in self.account_ids:
            return False
        if self.sources and facts.source is not None and facts.source not in self.sources:
            return False
        if facts.kind is not EventKind.CLOSED or facts.profit is None:
            return True
        least = self.minimum_profit if facts.profit >= 0 else self.minimum_loss
        return least is None or abs(facts.profit) >= least


class Facts(msgspec.Struct, frozen=True):
    """What rules look at in an event. `profit` is the net result in USDT of a closing."""

    kind: EventKind
    account_id: int | None = None
    source: str | None = None
    profit: Decimal | None = None


def wanted(rules: Sequence[Rule], facts: Facts) -> bool:
    """Whether any of `rules` lets the event through; without rules all do."""
    return not rules or any(rule.wants(facts) for rule in rules)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every day from `start` to `end`, by the clocks of `time_zone`; over midnight where the end is the earlier."""

    start: time
    end: time
    time_zone: str = "UTC"

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that holds at `now` ends; None when it is not quiet."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        clock = local.time()
        if self.start <= self.end:
            quiet, tomorrow = self.start <= clock < self.end, False
        else:
            quiet, tomorrow = clock >= self.start or clock < self.end, clock >= self.start
        if not quiet:
            return None
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        return datetime.combine(day, self.end, local.tzinfo).astimezone(now.tzinfo)


def delay(failures: int, share: Decimal) -> timedelta:
    """How long to wait after the `failures`-th failure in a row (from 1): 5 s, 15 s, 45 s ... up to 6 h.

    `share`, between 0 and 1, is the die that spreads retries: half of the time is fixed, half is drawn.
    """
    factor: int = DELAY_FACTOR ** min(failures - 1, 12)
    longest = min(FIRST_DELAY * factor, DELAY_MAX)
    half = longest / 2
    return half + timedelta(microseconds=int(share * (half // timedelta(microseconds=1))))
