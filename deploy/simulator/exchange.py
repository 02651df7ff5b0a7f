"""The state of the simulated exchange: its clock, its instruments and their tapes."""

from collections.abc import Iterable

from deploy.simulator.clock import Clock
from deploy.simulator.instruments import Instrument, Row, table
from deploy.simulator.limits import Limiter
from deploy.simulator.mark import MarkTape
from deploy.simulator.noise import mix
from deploy.simulator.synthetic import SyntheticTape
from deploy.simulator.tape import Tape
from services.domain.market import Market

SPOT_WEIGHT, FUTURES_WEIGHT, FUNDING_REQUESTS = 6000, 2400, 500
TABLE_DATE_MS = 1_783_036_800_000
"""2026-07-03: instruments that the table lists as not trading stopped then."""
_QUIET = {"USDC", "FDUSD", "TUSD", "USD1", "USDE", "BFUSD", "XUSD", "RLUSD", "U", "EUR", "AEUR", "USDP", "DAI"}
_MAJORS = {"BTC": 0.019, "ETH": 0.027, "BNB": 0.024, "SOL": 0.036, "XRP": 0.034, "TRX": 0.018, "PAXG": 0.012}
_QUIET_SIGMA, _CALMEST_ALT, _ALT_RANGE = 0.0008, 0.045, 0.11


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


def synthetic_instruments(seed: int) -> Iterable[Instrument]:
    """The built-in table with synthetic prices."""
    for row in table():
        yield synthetic_instrument(seed, row)


def synthetic_instrument(seed: int, row: Row) -> Instrument:
    """One row of the table with synthetic prices. Spot and futures of one coin share their path."""
    noise = mix(seed, int.from_bytes(row.base.encode(), "big"))
    quantity = max(1, int(60 / row.price / row.step))
    source = SyntheticTape(noise, int(row.price / row.tick), daily_sigma(row, noise), quantity)
    tape = Tape(source, quantity)
    mark = Tape(MarkTape(source)) if row.market is Market.FUTURES else None
    instrument = Instrument(row, row.status, tape, mark)
    if not instrument.is_trading:
        tape.halt(min(TABLE_DATE_MS, row.delivery_ms or TABLE_DATE_MS))
    return instrument


def daily_sigma(row: Row, noise: int) -> float:
    """The daily volatility of an instrument: small for stable coins, known for majors, drawn for the rest."""
    if row.base in _QUIET:
        return _QUIET_SIGMA
    return _MAJORS.get(row.base, _CALMEST_ALT + _ALT_RANGE * (noise >> 40 & 1023) / 1024)
