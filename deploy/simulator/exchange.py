"""The state of the simulated exchange: its clock, its instruments and their tapes."""

from collections.abc import Iterable

from deploy.simulator.clock import Clock
from deploy.simulator.instruments import Instrument
from deploy.simulator.limits import Limiter
from services.domain.market import Market

SPOT_WEIGHT, FUTURES_WEIGHT, FUNDING_REQUESTS = 6000, 2400, 500


class Exchange:
    """Instruments by market and symbol, in listing order, on one clock."""

    def __init__(self, clock: Clock, instruments: Iterable[Instrument]) -> None:
        self.clock = clock
        self.instruments: dict[Market, dict[str, Instrument]] = {Market.SPOT: {}, Market.FUTURES: {}}
        for instrument in instruments:
            self.instruments[instrument.market][instrument.symbol] = instrument
        self.limits = {
            Market.SPOT: Limiter(Market.SPOT, clock, SPOT_WEIGHT),
            Market.FUTURES: Limiter(Market.FUTURES, clock, FUTURES_WEIGHT),
        }
        self.funding_limit = Limiter(Market.FUTURES, clock, FUNDING_REQUESTS, 5 * 60_000)
        self.listing_version = 0

    def find(self, market: Market, symbol: str) -> Instrument | None:
        """The listed instrument of that name."""
        found = self.instruments[market].get(symbol)
        return found if found is not None and found.listed else None

    def listed(self, market: Market) -> list[Instrument]:
        """Everything exchangeInfo shows."""
        return [item for item in self.instruments[market].values() if item.listed]
