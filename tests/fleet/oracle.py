"""What must become of an order, found without any of the product's code.

By prints: one after the other. By bars alone: for each minute that reaches a price of the order, every route that
prices may have taken through the bar is tried; where they disagree, the worst outcome stands and is ambiguous.
"""

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise, product
from typing import NamedTuple

WAYPOINTS_MAX = 4
MINUTE_MS = 60_000


class Order(NamedTuple):
    """A resting limit order with its exits. Times are epoch ms, prices Decimal."""

    market: str
    symbol: str
    sign: int  # +1 LONG, -1 SHORT
    limit: Decimal
    stop: Decimal
    target: Decimal
    leverage: int = 1


class Outcome(NamedTuple):
    """Where a trade stands, and why it ended; minutes are epoch minutes."""

    status: str = "PENDING"
    entry_price: Decimal | None = None
    entry_minute: int | None = None
    exit_price: Decimal | None = None
    exit_minute: int | None = None
    ambiguous: bool = False
    reason: str | None = None


class ByPrints(NamedTuple):
    """An outcome with the instants (epoch ms) of the prints that decided entry and exit."""

    outcome: Outcome
    entered: int | None = None
    exited: int | None = None


_RANK = {"CLOSED_SL": 0, "PENDING": 1, "OPEN": 2, "CLOSED_TP": 3}
"""From worst to best."""


def by_prints(order: Order, prints: Iterable[tuple[int, Decimal]]) -> ByPrints:
    """Print after print; the first one of a minute may jump over the stop, then that is the stop's price."""
    found, last_minute = ByPrints(Outcome()), -1
    for time, price in prints:
        minute = time // MINUTE_MS
        state = _touch(order, found.outcome, price, minute, opens=minute != last_minute)
        entered = time if found.entered is None and state.entry_price is not None else found.entered
        exited = time if found.exited is None and state.exit_price is not None else found.exited
        found, last_minute = ByPrints(state, entered, exited), minute
        if exited is not None:
            break
    return found


Bar = tuple[int, Decimal, Decimal, Decimal, Decimal]
"""Open time in ms, open, high, low, close."""


def by_bars(order: Order, bars: Iterable[Bar]) -> Outcome:
    """Bar after bar, nothing finer being known."""
    state = Outcome()
    for bar in bars:
        if state.status.startswith("CLOSED"):
            break
        ends = _ends(order, state, bar)
        worst = min(ends, key=lambda end: _RANK[end.status])
        state = worst._replace(ambiguous=state.ambiguous or len(ends) > 1)
    return state


def possible_by_bars(order: Order, bars: Iterable[Bar]) -> set[Outcome]:
    """Bar after bar, whatever prices may have done in each: every outcome that the bars allow."""
    states = {Outcome()}
    for bar in bars:
        states = {
            end
            for state in states
            for end in ({state} if state.status.startswith("CLOSED") else _ends(order, state, bar))
        }
    return states


def _ends(order: Order, state: Outcome, bar: Bar) -> set[Outcome]:
    """Where every route through the bar leads."""
    time, open_, high, low, close = bar
    if _quiet(order, state, high, low):
        return {state}
    levels = {level for level in (order.limit, order.stop, order.target) if low <= level <= high} | {high, low}
    return {_route(order, state, (open_, *route, close), time // MINUTE_MS) for route in _routes(levels, high, low)}


def _quiet(order: Order, state: Outcome, high: Decimal, low: Decimal) -> bool:
    """Whether the whole bar lies where it cannot concern the order."""
    nearest, farthest = (low, high) if order.sign > 0 else (high, low)
    if state.status == "PENDING":
        return order.sign * nearest > order.sign * order.limit
    return order.sign * nearest > order.sign * order.stop and order.sign * farthest < order.sign * order.target


def _routes(levels: set[Decimal], high: Decimal, low: Decimal) -> Iterable[tuple[Decimal, ...]]:
    """Ways through the bar: up to WAYPOINTS_MAX turns at prices that matter, both extremes among them."""
    for count in range(1, WAYPOINTS_MAX + 1):
        for route in product(sorted(levels), repeat=count):
            if high in route and low in route:
                yield route


def _route(order: Order, state: Outcome, route: tuple[Decimal, ...], minute: int) -> Outcome:
    """The outcome of one route; between two waypoints the price passes everything that lies between."""
    state = _touch(order, state, route[0], minute, opens=True)
    for start, end in pairwise(route):
        low, high = min(start, end), max(start, end)
        passed = [level for level in (order.limit, order.stop, order.target) if low < level < high]
        for price in (*sorted(passed, reverse=end < start), end):
            state = _touch(order, state, price, minute, opens=False)
    return state


def _touch(order: Order, state: Outcome, price: Decimal, minute: int, *, opens: bool) -> Outcome:
    """One traded price."""
    if state.status == "PENDING" and order.sign * price <= order.sign * order.limit:
        state = state._replace(status="OPEN", entry_price=order.limit, entry_minute=minute)
    if state.status != "OPEN":
        return state
    if order.sign * price <= order.sign * order.stop:
        at = price if opens else order.stop
        return state._replace(status="CLOSED_SL", exit_price=at, exit_minute=minute, reason="stop_loss")
    if order.sign * price >= order.sign * order.target:
        return state._replace(status="CLOSED_TP", exit_price=order.target, exit_minute=minute, reason="take_profit")
    return state
