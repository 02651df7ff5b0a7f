"""What must become of a trade when every print is known: the truth that bars only hint at.

Prices and times are numbers of the caller's choice (ticks, milliseconds). A trade that was in the market, as it is,
before a minute's first print meets that print as a gap: a stop behind it fills at it.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

MINUTE = 60_000


class Bracket(NamedTuple):
    """A trade's prices: `limit` is None once entered; `through` is how far beyond its price a limit must trade."""

    sign: int
    limit: int | None
    stop: int
    target: int
    through: int = 0


class Command(NamedTuple):
    """`kind` is close, cancel, end (whichever of the two) or edit; an edit sets stop and target."""

    kind: str
    at: int
    stop: int = 0
    target: int = 0


class Truth(NamedTuple):
    """What happened. `exit_reference` is the price before slippage, None for a closing by command."""

    status: str
    entry_time: int | None = None
    exit_time: int | None = None
    exit_reference: int | None = None


def truth(
    bracket: Bracket, prints: Sequence[tuple[int, int]], active_from: int, end: int, command: Command | None = None
) -> Truth:
    """The trade after all `prints` (time, price) of the minutes before `end`."""
    state = Truth("OPEN" if bracket.limit is None else "PENDING")
    for _, group in groupby(prints, key=lambda each: each[0] // MINUTE):
        for number, (time, price) in enumerate(group):
            if command is not None and command.at <= time:
                edits = command.kind == "edit" and state.status in ("PENDING", "OPEN")
                bracket, state = _apply(bracket, state, command)
                active_from, command = command.at if edits else active_from, None
            if active_from <= time:
                state = _touch(bracket, state, time, price, opens=number == 0)
    if command is not None and command.at < end:
        _, state = _apply(bracket, state, command)
    return state


def _touch(bracket: Bracket, state: Truth, time: int, price: int, *, opens: bool) -> Truth:
    sign = bracket.sign
    if state.status == "PENDING" and sign * price <= sign * bracket.limit - bracket.through:
        state = state._replace(status="OPEN", entry_time=time)
    if state.status != "OPEN":
        return state
    if sign * price <= sign * bracket.stop:
        reference = price if opens else bracket.stop
        return state._replace(status="CLOSED_SL", exit_time=time, exit_reference=reference)
    if sign * price >= sign * bracket.target + bracket.through:
        return state._replace(status="CLOSED_TP", exit_time=time, exit_reference=bracket.target)
    return state


def _apply(bracket: Bracket, state: Truth, command: Command) -> tuple[Bracket, Truth]:
    """A command that the state no longer allows is dropped."""
    if command.kind == "edit" and state.status in ("PENDING", "OPEN"):
        return bracket._replace(stop=command.stop, target=command.target), state
    if command.kind in ("close", "end") and state.status == "OPEN":
        return bracket, state._replace(status="CLOSED_MANUAL", exit_time=command.at)
    if command.kind in ("cancel", "end") and state.status == "PENDING":
        return bracket, state._replace(status="CANCELLED")
    return bracket, state
