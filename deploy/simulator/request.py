"""A public request as the handlers see it, and a route as the application does."""

from collections.abc import Callable
from typing import NamedTuple

from deploy.simulator import errors
from deploy.simulator.exchange import Exchange
from deploy.simulator.instruments import Instrument
from deploy.simulator.parameters import Parameters, symbol
from services.domain.market import Market


class Request(NamedTuple):
    """The exchange it was sent to, its parameters, the exchange time (ms) it is answered for."""

    exchange: Exchange
    market: Market
    parameters: Parameters
    now: int
    micro: bool = False
    """Whether times are wanted in microseconds (spot only)."""

    def stamp(self, time: int) -> int:
        """A time as the client wants it."""
        return time * 1000 if self.micro else time

    def instrument(self) -> Instrument:
        """The instrument named by the mandatory parameter `symbol`. Raises ApiError."""
        return self.named(symbol(self.parameters))

    def named(self, name: str) -> Instrument:
        """The instrument of that name. Raises ApiError -1121."""
        found = self.exchange.find(self.market, name)
        if found is None:
            raise errors.bad_symbol()
        return found


Handler = Callable[[Request], bytes]
Weight = int | Callable[[Parameters], int]


class Route(NamedTuple):
    """A public path. `pool`: which limit it counts against; `header`: what the weight header says."""

    market: Market
    handler: Handler
    weight: Weight
    pool: str = "weight"
    header: str = "used"
