"""What the client needs of what the fleet shares; services.coordination has it."""

from collections.abc import Mapping
from typing import Protocol

from services.domain.market import Market, Quote


class WeightGate(Protocol):
    """The fleet's request weight: every request passes it, in every process."""

    async def acquire(self, market: Market, weight: int, purpose: str) -> float:
        """0 when the request may leave now and `weight` is spent, else the seconds to wait. Raises Unavailable."""
        ...

    def report_used(self, market: Market, used: int) -> None:
        """The exchange says that this address has used `used` weight in the present minute."""
        ...

    async def pause(self, market: Market, seconds: float | None, reason: str) -> float:
        """No request leaves before `seconds` have passed; None backs off exponentially. The seconds it came to.

        Raises Unavailable when the fleet cannot be told; this process pauses all the same.
        """
        ...


class Sightings(Protocol):
    """What was answered before, for prices that are believed only when they are repeated."""

    async def age(self, market: Market, symbol: str, answer: str) -> float:
        """Wall seconds since this very answer was first seen, 0 if never before. Raises Unavailable."""
        ...


class LastQuotes(Protocol):
    """The quotes believed last."""

    async def all(self, market: Market) -> Mapping[str, Quote]:
        """The last quote of each symbol. Raises Unavailable."""
        ...
