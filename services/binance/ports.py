"""What the client needs of what the fleet shares; services.coordination has it."""

from typing import Protocol

from services.domain.market import Market


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
