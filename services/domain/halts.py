"""Halts: what an operator has stopped for the whole fleet, and how new trades are refused meanwhile."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from services.domain.errors import Conflict


class Halted(StrEnum):
    """What can be stopped.

    FLEET       everything that follows the market: no prices are fetched, no trade is judged, none is made
    NEW_TRADES  no trade is made, by nobody; live ones are followed to their end
    """

    FLEET = "fleet"
    NEW_TRADES = "new_trades"


class Halt(msgspec.Struct, frozen=True):
    """Something stopped: why, by whom, since when."""

    what: Halted
    reason: str
    by_whom: str
    since: datetime


def refusal(halts: Iterable[Halt]) -> Conflict | None:
    """Why no trade may be made now; None when one may."""
    for halt in sorted(halts, key=lambda each: each.what is Halted.FLEET):
        stopped = "the fleet is paused" if halt.what is Halted.FLEET else "no new trades are made"
        return Conflict(
            "fleet_paused" if halt.what is Halted.FLEET else "new_trades_halted",
            f"{stopped} since {halt.since:%Y-%m-%d %H:%M:%S} UTC, by {halt.by_whom}: {halt.reason}",
            numbers={"since": halt.since.isoformat(), "by": halt.by_whom, "reason": halt.reason},
        )
    return None
