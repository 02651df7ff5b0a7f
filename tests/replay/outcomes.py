"""What became of a plan, as a replay tells it and as the oracle does: status, reason, entry, exits, money."""

from bisect import bisect_left
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tests.oracle.books import Books, Entry, Part, bankruptcy, books
from tests.oracle.plans import MINUTE, Exit
from tests.replay.desk import DAY
from tests.replay.random_plans import Made, slipped
from tests.replay.tapes import STEP, Tape

REJECTED = ("REJECTED", None, None, [], None)


class Settled(NamedTuple):
    """A tape, and its settlements as `Tape.settled` tells them."""

    tape: Tape
    settlements: list[tuple[int, Decimal]]


def came_to(line: dict[str, Any]) -> tuple[Any, ...]:
    """Of one line; each fill with its minute."""
    exits = [
        (each["reason"], each["time"][:16], Decimal(each["price"]), Decimal(each["quantity"])) for each in line["exits"]
    ]
    entry = None if line["entry_time"] is None else (line["entry_time"][:16], Decimal(line["entry_price"]))
    money = None
    if line["fees"] is not None:
        profit = line["profit_loss"]
        money = Books(Decimal(line["fees"]), Decimal(line["funding"]), None if profit is None else Decimal(profit))
    return line["status"], line["exit_reason"], entry, exits, money


def expected(made: Made, on: Settled) -> tuple[Any, ...]:
    """By the oracle."""
    truth, tape = made.truth, on.tape
    if truth is None:
        return REJECTED
    reason = truth.cancelled_for or (truth.exits[-1].reason if truth.exits and not truth.left else None)
    if truth.entered_at is None:
        return truth.status, reason, None, [], None
    role = "taker" if made.plan.limit is None else "maker"
    entry = Entry(tape.tick * made.plan.entry, STEP * made.plan.quantity, truth.entered_at, role)
    parts, left = [], entry.quantity
    for each in truth.exits:
        parts.append(Part(each.reason, _price(each, made, entry, left, tape), STEP * each.quantity, each.time))
        left -= STEP * each.quantity
    exits = [(part.reason, _minute(part.time), part.price, part.quantity) for part in parts]
    money = books(tape.market, made.plan.sign, made.leverage, entry, parts, on.settlements)
    return truth.status, reason, (_minute(entry.time), entry.price), exits, money


class Distance(NamedTuple):
    """How far an exit's price is from that of the print that decided it, and how far it may be: shares of the price."""

    is_: Decimal
    may_be: Decimal


def distances(line: dict[str, Any], made: Made, tape: Tape) -> list[Distance]:
    """Of each market order that left a position: it may slip, round to a tick, and lie between that print and the last.

    The deciding print is the first that reached the order's price. Liquidations fill at no print.
    """
    found = []
    for each, told in zip(made.truth.exits if made.truth else (), line["exits"], strict=True):
        if each.reason in ("liquidation", "take_profit"):
            continue
        index = bisect_left(tape.prints, each.time, key=lambda print_: print_[0])
        while (tape.prints[index][1] - each.price) * made.plan.sign > 0:
            index += 1  # prints of the same millisecond
        price, before = tape.prints[index][1], tape.prints[max(index - 1, 0)][1]
        step = 0 if each.price == price else abs(price - before)
        away = abs(Decimal(told["price"]) / tape.tick - price)
        found.append(Distance(away / price, (made.slippage * each.price + 1 + step) / price))
    return found


def _price(each: Exit, made: Made, entry: Entry, left: Decimal, tape: Tape) -> Decimal:
    """Targets are limits; the rest are market orders, but for liquidations."""
    if each.reason == "liquidation":
        return bankruptcy(made.plan.sign, made.leverage, entry, left)
    if each.reason == "take_profit":
        return tape.tick * each.price
    return tape.tick * slipped(each.price, made.slippage, -made.plan.sign)


def _minute(time: int) -> str:
    return (DAY + timedelta(minutes=time // MINUTE)).isoformat()[:16]
