"""What an exchange is opened with: the built-in table with synthetic prices, or what a folder has recorded."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from deploy.simulator.instruments import Instrument, Row, decimals, table
from deploy.simulator.mark import MarkTape
from deploy.simulator.noise import mix
from deploy.simulator.recorded import UNIT, RecordedTape
from deploy.simulator.synthetic import SyntheticTape
from deploy.simulator.tape import Tape
from services.binance.dumps import Kind, Recording, exchange_symbols, recordings
from services.domain.market import Market

TABLE_DATE_MS = 1_783_036_800_000
"""2026-07-03: instruments that the table lists as not trading stopped then."""
_QUIET = {"USDC", "FDUSD", "TUSD", "USD1", "USDE", "BFUSD", "XUSD", "RLUSD", "U", "EUR", "AEUR", "USDP", "DAI"}
_MAJORS = {"BTC": 0.019, "ETH": 0.027, "BNB": 0.024, "SOL": 0.036, "XRP": 0.034, "TRX": 0.018, "PAXG": 0.012}
_QUIET_SIGMA, _CALMEST_ALT, _ALT_RANGE = 0.0008, 0.045, 0.11


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
    instrument = Instrument(row, tape, mark, price_unit=row.tick, quantity_unit=row.step)
    if not instrument.is_trading:
        tape.halt(min(TABLE_DATE_MS, row.delivery_ms or TABLE_DATE_MS))
    return instrument


def daily_sigma(row: Row, noise: int) -> float:
    """The daily volatility of an instrument: small for stable coins, known for majors, drawn for the rest."""
    if row.base in _QUIET:
        return _QUIET_SIGMA
    return _MAJORS.get(row.base, _CALMEST_ALT + _ALT_RANGE * (noise >> 40 & 1023) / 1024)


def recorded_instruments(folder: Path) -> list[Instrument]:
    """What `folder` has recorded, with filters from its exchangeInfo.json, else the table's, else none.

    Raises InvalidData for a folder without recordings.
    """
    held: dict[tuple[Market, str], dict[tuple[Kind, str], Recording]] = {}
    for item in recordings(folder):
        held.setdefault((item.market, item.symbol), {})[item.kind, item.interval] = item
    rows = {(row.market, row.symbol): msgspec.structs.replace(row, status="TRADING") for row in table()}
    for market, symbols in exchange_symbols(folder).items():
        rows.update(((market, raw["symbol"]), row_from(market, raw)) for raw in symbols)
    found = (_recorded_instrument(rows.get(key) or _bare_row(*key), kinds) for key, kinds in held.items())
    return [instrument for instrument in found if instrument is not None]


def _recorded_instrument(row: Row, kinds: dict[tuple[Kind, str], Recording]) -> Instrument | None:
    parts = [kinds.get((Kind.KLINES, "1m")), kinds.get((Kind.KLINES, "1s")), kinds.get((Kind.AGG_TRADES, ""))]
    if parts == [None, None, None]:
        return None
    grid = max(1, int(row.tick / UNIT))
    tape = Tape(RecordedTape(*parts, grid=grid))
    mark = kinds.get((Kind.MARK_PRICE_KLINES, "1m"))
    mark_tape = Tape(RecordedTape(mark, grid=grid) if mark is not None else tape.source)
    futures = row.market is Market.FUTURES
    return Instrument(row, tape, mark_tape if futures else None, price_unit=UNIT, quantity_unit=UNIT)


def _bare_row(market: Market, symbol: str) -> Row:
    """A row for a symbol of which nothing but recordings is known: no grid, nothing too small."""
    base = symbol.removesuffix("USDT")
    none = Decimal(0)
    return Row(
        market=market,
        symbol=symbol,
        base=base,
        quote=symbol.removeprefix(base) or "USDT",
        contract_type="PERPETUAL" if market is Market.FUTURES else "",
        tick=none,
        step=none,
        min_qty=none,
        min_notional=none,
        price=none,
        delivery_ms=4_133_404_800_000,
        underlying="COIN",
    )


def row_from(market: Market, raw: dict[str, Any]) -> Row:
    """A row from one symbol of an exchangeInfo answer."""
    filters = {item["filterType"]: item for item in raw["filters"]}
    lot = filters["LOT_SIZE"]
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL", {})
    tick, step = (Decimal(text).normalize() for text in (filters["PRICE_FILTER"]["tickSize"], lot["stepSize"]))
    return Row(
        market=market,
        symbol=raw["symbol"],
        base=raw["baseAsset"],
        quote=raw["quoteAsset"],
        contract_type=raw.get("contractType", ""),
        status=raw["status"],
        tick=tick,
        step=step,
        min_qty=Decimal(lot["minQty"]),
        min_notional=Decimal(notional.get("minNotional", notional.get("notional", "0"))),
        price=tick,
        price_precision=raw.get("pricePrecision", decimals(tick)),
        quantity_precision=raw.get("quantityPrecision", decimals(step)),
        onboard_ms=raw.get("onboardDate", 0),
        delivery_ms=raw.get("deliveryDate", 0),
        underlying=raw.get("underlyingType", ""),
    )
