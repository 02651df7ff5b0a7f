"""What the simulated exchange lists: the built-in table, and how prices and quantities are written."""

import csv
from decimal import Decimal
from importlib.resources import files
from zlib import crc32

import msgspec

from deploy.simulator.tape import Tape
from services.domain.market import Market

TABLE = "data/instruments_2026_07.csv"
SPOT_DECIMALS = 8


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table; futures fill the second half."""

    market: Market
    symbol: str
    base: str
    quote: str = "USDT"
    contract_type: str = ""
    status: str = "TRADING"
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    min_notional: Decimal
    price: Decimal
    spread_ticks: int = 1
    price_precision: int = SPOT_DECIMALS
    quantity_precision: int = SPOT_DECIMALS
    onboard_ms: int = 0
    delivery_ms: int = 0
    underlying: str = ""
    funding_hours: int = 8
    funding_cap: Decimal = Decimal("0.02")


def table() -> list[Row]:
    """The built-in instruments, in the exchange's order."""
    text = files("deploy.simulator").joinpath(TABLE).read_text(encoding="utf-8")
    lines = csv.DictReader(text.splitlines())
    return [msgspec.convert({k: v for k, v in line.items() if v}, Row, strict=False) for line in lines]


def decimals(grid: Decimal) -> int:
    """Decimal places of a tick or step."""
    return max(0, -int(grid.normalize().as_tuple().exponent))


def text(units: int, places: int) -> str:
    """`units` of 10^-places as a plain decimal."""
    if places == 0:
        return str(units)
    digits = str(units).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"


class Instrument:
    """One listed instrument: its row, its state, its tapes.

    `price_unit` and `quantity_unit` are what the tapes count in: tick and step, or finer.
    """

    def __init__(
        self, row: Row, tape: Tape, mark: Tape | None = None, *, price_unit: Decimal, quantity_unit: Decimal
    ) -> None:
        self.row = row
        self.market = row.market
        self.symbol = row.symbol
        self.status = row.status
        self.listed = True
        self.tape = tape
        self.mark = mark
        self.noise = crc32(row.symbol.encode())
        self.price_places = max(row.price_precision, decimals(row.tick), decimals(price_unit))
        self.quantity_places = max(
            SPOT_DECIMALS if row.market is Market.SPOT else 0,
            *(row.quantity_precision, decimals(row.step), decimals(quantity_unit)),
        )
        self._price_unit = price_unit
        self._price_scale = int(price_unit.scaleb(self.price_places))
        self._quantity_scale = int(quantity_unit.scaleb(self.quantity_places))
        self._lot = max(1, int(row.step / quantity_unit))
        self._spread = max(1, int(row.tick * row.spread_ticks / price_unit))

    @property
    def is_trading(self) -> bool:
        """Whether it has live quotes."""
        return self.status == "TRADING"

    def price_text(self, ticks: int) -> str:
        """A price as this market writes it."""
        return text(ticks * self._price_scale, self.price_places)

    def mark_text(self, ticks: int) -> str:
        """A price with the eight places of mark and index prices."""
        return text(ticks * self._price_scale * 10 ** (8 - self.price_places), 8)

    def quantity_text(self, steps: int) -> str:
        """A quantity as this market writes it."""
        return text(steps * self._quantity_scale, self.quantity_places)

    def lots_text(self, lots: int) -> str:
        """A quantity of so many steps."""
        return self.quantity_text(lots * self._lot)

    def notional_text(self, price: int, steps: int) -> str:
        """price x quantity, in quote units."""
        places = self.price_places + self.quantity_places
        units = price * self._price_scale * steps * self._quantity_scale
        return text(units // 10 ** (places - 8) if places > 8 else units, min(8, places))

    def ticks(self, price: Decimal) -> int:
        """A price as the tapes count it. Raises ValueError unless it is at least one unit."""
        count = round(price / self._price_unit)
        if count < 1:
            raise ValueError(f"{self.symbol}: {price} is below the grid ({self._price_unit})")
        return count

    def quote(self, time: int) -> tuple[int, int, int]:
        """Bid, last and ask in ticks: the last print was at the bid or at the ask, by turns."""
        last = self.tape.last(time)
        spread = min(self._spread, max(1, last // 50))
        if (time // 1000 * 2654435761 ^ self.noise) >> 7 & 1 and last > spread:
            return last - spread, last, last
        return last, last, last + spread
