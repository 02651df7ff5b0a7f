"""Markets of tests: series of candles, random or by hand, and the recorded ones."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from services.binance.dumps import Kind, read_klines, recordings
from services.domain.market import Filters, Instrument, InstrumentStatus, Market
from services.scanner.series import Candles
from tests.simulator.recordings import REAL

GRID = Filters(Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(5))
FUTURE = Instrument(1, Market.FUTURES, "AUSDT", "A", InstrumentStatus.TRADING, GRID)
SPOT = Instrument(2, Market.SPOT, "AUSDT", "A", InstrumentStatus.TRADING, GRID)
START_MS, HOUR_MS = 1_735_689_600_000, 3_600_000


def from_closes(closes, *, volume=None, wick: float = 0.002) -> Candles:
    """Each candle opens where the last one closed, with wicks of so much of the price."""
    close = np.asarray(closes, np.float64)
    open_ = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(open_, close) * (1 + wick), np.minimum(open_, close) * (1 - wick)
    volume = np.full(len(close), 100.0) if volume is None else np.asarray(volume, np.float64)
    times = START_MS + HOUR_MS * np.arange(len(close), dtype=np.int64)
    return Candles(times, open_, high, low, close, volume)


def random_walk(seed: int, count: int, *, step: float = 0.01, price: float = 100.0) -> Candles:
    """A market that wanders, with quiet and loud times, and volumes to match."""
    chance = np.random.default_rng(seed)
    loud = np.repeat(chance.choice([0.2, 1.0, 2.5], count // 20 + 1), 20)[:count]
    moves = chance.standard_normal(count) * step * loud
    volume = np.exp(chance.standard_normal(count)) * 50 * (1 + 6 * (chance.random(count) < 0.04))
    return from_closes(price * np.exp(np.cumsum(moves)), volume=volume, wick=0.3 * step)


def recorded(symbol: str, length: timedelta) -> Candles:
    """Real minutes of futures put together."""
    [minutes] = [
        each for each in recordings(REAL)
        if (each.market, each.symbol, each.kind, each.interval) == (Market.FUTURES, symbol, Kind.KLINES, "1m")
    ]  # fmt: skip
    rows = [
        (int(k.bar.open_time.timestamp()), k.bar.open, k.bar.high, k.bar.low, k.bar.close, k.volume)
        for file in minutes.files
        for k in read_klines(file, "1m")
    ]
    parts: dict[int, list] = {}
    for row in rows:
        parts.setdefault(row[0] // int(length.total_seconds()), []).append(row)
    merged = [
        (part[0][0] * 1000, part[0][1], max(r[2] for r in part), min(r[3] for r in part), part[-1][4],
         sum(r[5] for r in part))
        for part in parts.values()
    ]  # fmt: skip
    times, *columns = zip(*merged, strict=True)
    return Candles(np.array(times, np.int64), *(np.array(column, np.float64) for column in columns))
