"""The truth: one plain walk over the prints of a tape. Shares no code with the product, on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

TICK = Decimal("0.01")
CENT = Decimal("0.00000001")
MAKER = {"SPOT": Decimal("0.001"), "FUTURES": Decimal("0.0002")}
TAKER = {"SPOT": Decimal("0.001"), "FUTURES": Decimal("0.0005")}
FACTOR = {"optimistic": 0, "realistic": 1, "harsh": 2}
MS = timedelta(milliseconds=1)


@dataclass
class Truth:
    """What becomes of a trade; amounts are the ledger's rows by kind."""

    status: str
    actions: list[str]
    entry_time: datetime | None = None
    entry_price: Decimal | None = None
    exit_time: datetime | None = None
    exit_price: Decimal | None = None
    amounts: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Terms:
    """What was agreed at the opening; `limit` is None for a market entry at `entry`."""

    market: str
    long: bool
    at: datetime
    quantity: Decimal
    leverage: int
    stop: Decimal
    target: Decimal
    model: str
    half_spread: Decimal
    average_range: Decimal
    limit: Decimal | None = None
    entry: Decimal | None = None


def entered(quote: Decimal, *, long: bool, model: str, average_range: Decimal) -> Decimal:
    """What a market entry pays at `quote`, its side of the book."""
    return _slipped(quote, FACTOR[model] * average_range / 10, selling=not long)


def told_times(at: datetime, decided_by: str) -> set[datetime]:
    """The times that an event at the print's instant `at` may be told with, by what decided it."""
    minute, second = at.replace(second=0, microsecond=0), at.replace(microsecond=0)
    return {
        "open": {minute},
        "bar": {minute + timedelta(minutes=1) - MS},
        "seconds": {second, second + timedelta(seconds=1) - MS},
        "prints": {at},
        "quote": {at},
    }.get(decided_by, set())


def judge(terms: Terms, prints: Sequence[tuple[datetime, Decimal]], commands: Sequence[Any], end: datetime) -> Truth:
    """`commands` have kind, at, bid, ask, stop_loss, targets; those after `end` are not reached."""
    walk = _Walk(terms)
    waiting = sorted((each for each in commands if each.at <= end), key=lambda each: each.at)
    minute = None
    for time, price in prints:
        while waiting and waiting[0].at <= time:
            walk.command(waiting.pop(0))
        started = time.replace(second=0, microsecond=0)
        if time >= walk.active_from:
            walk.print(time, price, opens_minute=started != minute)
        minute = started
        if walk.truth.exit_time is not None:
            return walk.truth
    for each in waiting:
        walk.command(each)
    return walk.truth


class _Walk:
    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.stop, self.target, self.active_from = terms.stop, terms.target, terms.at
        if terms.entry is None:
            self.truth = Truth("PENDING", ["created"])
        else:
            self.truth = Truth("OPEN", ["opened"], terms.at, terms.entry)
            self._fee("entry_fee", terms.entry, TAKER)

    def print(self, time: datetime, price: Decimal, *, opens_minute: bool) -> None:
        terms, sign = self.terms, 1 if self.terms.long else -1
        through = TICK if terms.model == "harsh" else Decimal(0)
        if self.truth.status == "PENDING" and (terms.limit - price) * sign >= through:
            self.truth.status, self.truth.entry_time, self.truth.entry_price = "OPEN", time, terms.limit
            self.truth.actions.append("opened")
            self._fee("entry_fee", terms.limit, MAKER)
        if self.truth.status != "OPEN":
            return
        if (self.stop - price) * sign >= 0:
            worst = min if terms.long else max
            at = worst(self.stop, price) if opens_minute else self.stop
            slip = FACTOR[terms.model] * (terms.half_spread + terms.average_range / 10)
            self._close("CLOSED_SL", time, _slipped(at, slip, selling=terms.long), TAKER)
        elif (price - self.target) * sign >= through:
            self._close("CLOSED_TP", time, self.target, MAKER)

    def command(self, command: Any) -> None:
        if command.kind in ("close", "end") and self.truth.status == "OPEN":
            slip = FACTOR[self.terms.model] * self.terms.average_range / 10
            price = _slipped(command.bid if self.terms.long else command.ask, slip, selling=self.terms.long)
            self._close("CLOSED_MANUAL", command.at, price, TAKER)
        elif command.kind in ("cancel", "end") and self.truth.status == "PENDING":
            self.truth.status = "CANCELLED"
            self.truth.actions.append("cancelled")
        elif command.kind == "edit" and self.truth.status in ("OPEN", "PENDING"):
            self.stop = self.stop if command.stop_loss is None else command.stop_loss
            self.target = self.target if command.targets is None else command.targets[0].price
            self.active_from = command.at
            self.truth.actions.append("updated")

    def _fee(self, kind: str, price: Decimal, rates: dict[str, Decimal]) -> None:
        fee = (price * self.terms.quantity * rates[self.terms.market]).quantize(CENT, ROUND_HALF_EVEN)
        self.truth.amounts[kind] = -fee

    def _close(self, status: str, time: datetime, price: Decimal, rates: dict[str, Decimal]) -> None:
        truth, terms = self.truth, self.terms
        truth.status, truth.exit_time, truth.exit_price = status, time, price
        truth.actions.append("closed")
        move = price - truth.entry_price if terms.long else truth.entry_price - price
        truth.amounts["gross_profit"] = (move * terms.quantity).quantize(CENT, ROUND_HALF_EVEN)
        self._fee("exit_fee", price, rates)
        margin = (truth.entry_price * terms.quantity / terms.leverage).quantize(CENT, ROUND_HALF_EVEN)
        excess = -margin - truth.amounts["gross_profit"] - truth.amounts["exit_fee"]
        if excess > 0:
            truth.amounts["loss_cap"] = excess


def _slipped(price: Decimal, slip: Decimal, *, selling: bool) -> Decimal:
    if slip == 0:
        return price
    moved, rounding = (1 - slip, ROUND_FLOOR) if selling else (1 + slip, ROUND_CEILING)
    return (price * moved / TICK).quantize(Decimal(1), rounding) * TICK
