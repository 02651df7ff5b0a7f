"""What must become of a whole trade plan when every print is known, print after print, by plain and slow means.

Prices are ticks, times ms, quantities steps. A trade that was in the market before a minute's first print meets that
print as a gap: a stop behind it, as it stood then, fills at it.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import groupby
from typing import NamedTuple

MINUTE = 60_000
_ENDS = {
    "take_profit": "CLOSED_TP",
    "time_stop": "CLOSED_EXPIRED",
    "manual": "CLOSED_MANUAL",
    "liquidation": "CLOSED_LIQUIDATED",
}


class Trailing(NamedTuple):
    """`distance` in ticks, or in percent of the level; `activation` None: from the entry on."""

    distance: Decimal
    is_percent: bool
    activation: int | None


class Plan(NamedTuple):
    """`limit` None: entered at `entry`. Targets are (price, fraction). Times are absolute, None for none."""

    sign: int
    limit: int | None
    entry: int
    stop: int
    targets: tuple[tuple[int, Decimal], ...]
    quantity: int
    through: int = 0
    break_even_after: int | None = None
    follow: bool = False
    trailing: Trailing | None = None
    time_stop: int | None = None
    expires_at: int | None = None
    cancel_on_target: bool = False
    cancel_on_stop: bool = False


class Command(NamedTuple):
    """`kind` is close (a fraction of what is left, or all, at `price`), cancel, end (whichever of the two), or edit:
    a new stop, and one target in place of those not yet filled. What the state no longer allows is dropped.
    """

    kind: str
    at: int
    price: int
    fraction: Decimal | None = None
    stop: int | None = None
    target: int | None = None


class Exit(NamedTuple):
    """`price` is before slippage; `time` is that of the print, of a minute's first one the begin of the minute."""

    reason: str
    time: int
    price: int
    quantity: int

    @property
    def minute(self) -> int:
        return self.time // MINUTE


class Minute(NamedTuple):
    """All prints of the minute that begins at `opened`, and their extremes."""

    opened: int
    prints: list[tuple[int, int]]
    low: int
    high: int


def by_minute(prints: Sequence[tuple[int, int]]) -> list[Minute]:
    found = []
    for minute, group in groupby(prints, key=lambda each: each[0] // MINUTE):
        inside = list(group)
        found.append(Minute(minute * MINUTE, inside, min(p for _, p in inside), max(p for _, p in inside)))
    return found


def minute_up(time: int) -> int:
    return -(-time // MINUTE) * MINUTE


class Truth:
    """The trade on its way."""

    def __init__(self, plan: Plan, start: int, command: Command | None = None) -> None:
        self.plan, self.start, self.command = plan, start, command
        self.status = "PENDING" if plan.limit is not None else "OPEN"
        self.entered_at = None if plan.limit is not None else start
        self.cancelled_for = ""
        self.stop, self.reason = plan.stop, "stop_loss"
        self.left, self.filled = plan.quantity, 0
        self.level: Decimal | None = None
        self.step = Decimal(0)
        self.exits: list[Exit] = []
        if plan.limit is None:
            self._entered()

    def run(self, prints: Sequence[tuple[int, int]], end: int) -> "Truth":
        return self.run_minutes(by_minute(prints), end)

    def run_minutes(self, minutes: Sequence[Minute], end: int) -> "Truth":
        for opened, group, low, high in minutes:
            self._expire(opened)
            if self.status not in ("PENDING", "OPEN"):
                break
            if self._is_calm(opened, low, high):
                continue
            self._minute(opened, group)
        if self.command is not None and self.command.at < end:
            self._expire(self.command.at)
            if self.command is not None:
                self._obey()
        self._meanwhile(end)
        self._expire(end)
        return self

    def _minute(self, opened: int, prints: list[tuple[int, int]]) -> None:
        at_open = self.stop
        for number, (time, price) in enumerate(prints):
            if self.command is not None and self.command.at <= time:
                self._obey()
                at_open = self.stop
            opens = number == 0 and self.start <= opened
            if opens:
                time = opened
            self._meanwhile(time)
            if time < self.start or self.status not in ("PENDING", "OPEN"):
                continue
            beyond = self.plan.sign * price <= self.plan.sign * self.stop
            if opens and self.status == "PENDING" and self.plan.cancel_on_stop and beyond:
                self._cancel("stop_before_entry")
                continue
            while self._event(time, price, at_open if number == 0 else None):
                pass
            due = self._due()
            if opens and self.status == "OPEN" and due is not None and due <= opened:
                self._leave("time_stop", time, price, self.left)

    def _meanwhile(self, until: int) -> None:
        """What else has happened by then, beside the prints: nothing here."""

    def _obey(self) -> None:
        command, self.command = self.command, None
        assert command is not None
        if command.kind in ("cancel", "end") and self.status == "PENDING":
            self._cancel("cancelled")
        elif command.kind in ("close", "end") and self.status == "OPEN":
            part = int(self.left * command.fraction) if command.fraction is not None else self.left
            self._leave("manual", command.at, command.price, part or self.left)
        elif command.kind == "edit" and self.status in ("PENDING", "OPEN"):
            assert command.stop is not None
            assert command.target is not None
            self.stop, self.reason, self.start = command.stop, "stop_loss", command.at
            ahead = (*self.plan.targets[: self.filled], (command.target, Decimal(1)))
            self.plan = self.plan._replace(targets=ahead)

    def _is_calm(self, opened: int, low: int, high: int) -> bool:
        """Whether a minute lies strictly inside everything that matters, with nothing due: only to save time."""
        plan, sign, due = self.plan, self.plan.sign, self._due()
        if self.start > opened or self.command is not None or (due is not None and due <= opened):
            return False
        worst, best = (low, high) if sign > 0 else (high, low)
        if self.status == "PENDING":
            assert plan.limit is not None
            ahead = [plan.targets[0][0]] if plan.cancel_on_target else []
            behind = plan.limit - sign * plan.through
        else:
            ahead = [price for price, _ in (self._target(), self._level()) if price is not None]
            behind = self.stop
        return sign * worst > sign * behind and all(sign * best < sign * price for price in ahead)

    def _expire(self, until: int) -> None:
        """A command given by then comes first."""
        if self.status != "PENDING" or self.plan.expires_at is None:
            return
        due = minute_up(self.plan.expires_at)
        if due > until:
            return
        if self.command is not None and self.command.at <= due:
            self._obey()
        if self.status == "PENDING":
            self._cancel("entry_expired")

    def _cancel(self, reason: str) -> None:
        self.status, self.cancelled_for = "CANCELLED", reason

    def _due(self) -> int | None:
        if self.plan.time_stop is None or self.entered_at is None:
            return None
        return minute_up(self.entered_at // MINUTE * MINUTE + MINUTE + self.plan.time_stop)

    def _event(self, time: int, price: int, at_open: int | None) -> bool:
        """One thing that this print does; False when it does nothing more."""
        plan, sign = self.plan, self.plan.sign
        if self.status == "PENDING":
            assert plan.limit is not None
            if sign * price <= sign * plan.limit - plan.through:
                self.status, self.entered_at = "OPEN", time
                self._entered()
                return True
            if plan.cancel_on_target and sign * price >= sign * plan.targets[0][0]:
                self._cancel("target_before_entry")
            return False
        if self.status != "OPEN":
            return False
        if sign * price <= sign * self.stop:
            gap = at_open is not None and at_open == self.stop
            self._leave(self.reason, time, min(sign * self.stop, sign * price) * sign if gap else self.stop, self.left)
            return True
        ahead = [(sign * price_, kind) for price_, kind in (self._target(), self._level()) if price_ is not None]
        if not ahead or min(ahead)[0] > sign * price:
            return False
        if min(ahead)[1] == 0:
            self._fill_target(time)
        else:
            self._trail()
        return True

    def _target(self) -> tuple[int | None, int]:
        if self.filled == len(self.plan.targets):
            return None, 0
        return self.plan.targets[self.filled][0] + self.plan.sign * self.plan.through, 0

    def _level(self) -> tuple[Decimal | int | None, int]:
        if self.plan.trailing is None:
            return None, 1
        if self.level is None:
            return self.plan.trailing.activation, 1
        following = self.level + self.plan.sign * self.step
        return (following if following > 0 else None), 1

    def _fill_target(self, time: int) -> None:
        price = self.plan.targets[self.filled][0]
        shares = [fraction for _, fraction in self.plan.targets[self.filled :]]
        quantity = int(self.left * shares[0] / sum(shares)) if len(shares) > 1 else self.left
        self.filled += 1
        self._leave("take_profit", time, price, quantity or self.left)
        if self.plan.follow and self.filled > 1:
            self._tighten(Decimal(self.plan.targets[self.filled - 2][0]), "target_stop")
        elif self.plan.follow or self.plan.break_even_after == self.filled:
            self._tighten(Decimal(self.plan.entry), "break_even")

    def _entered(self) -> None:
        if self.plan.trailing is not None and self.plan.trailing.activation is None:
            self._trail_from(Decimal(self.plan.entry))

    def _trail(self) -> None:
        if self.level is None:
            assert self.plan.trailing is not None
            assert self.plan.trailing.activation is not None
            self._trail_from(Decimal(self.plan.trailing.activation))
        else:
            self.level += self.plan.sign * self.step
            self._tighten(self.level - self.plan.sign * self._behind(), "trailing_stop")

    def _trail_from(self, base: Decimal) -> None:
        self.level = base
        self.step = max((self._behind() / 10).to_integral_value(ROUND_CEILING), Decimal(1))
        self._tighten(self.level - self.plan.sign * self._behind(), "trailing_stop")

    def _behind(self) -> Decimal:
        assert self.plan.trailing is not None
        assert self.level is not None
        told = self.plan.trailing
        return self.level * told.distance / 100 if told.is_percent else told.distance

    def _tighten(self, price: Decimal, reason: str) -> None:
        away = ROUND_FLOOR if self.plan.sign > 0 else ROUND_CEILING
        ticks = int(price.to_integral_value(away))
        if ticks > 0 and self.plan.sign * ticks > self.plan.sign * self.stop:
            self.stop, self.reason = ticks, reason

    def _leave(self, reason: str, time: int, price: int, quantity: int) -> None:
        self.exits.append(Exit(reason, time, price, quantity))
        self.left -= quantity
        if self.left:
            return
        self.status = _ENDS.get(reason, "CLOSED_SL")
