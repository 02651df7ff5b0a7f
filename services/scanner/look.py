"""Strategies looking at candles: at the newest one of many pairs (a scan), or at every one of a pair (a backtest)."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec
import numpy as np

from services.domain.candles import Timeframe
from services.domain.market import Instrument
from services.domain.plan import Direction
from services.domain.scan import ScanSignal, scan_signal
from services.scanner.registry import AnyStrategy
from services.scanner.series import Candles
from services.scanner.strategy import Signals

_CONFIDENCE_STEP = Decimal("0.0001")


class Sighted(msgspec.Struct):
    """What a look came to: the signals, and by strategy why one had to be stopped."""

    signals: list[ScanSignal]
    failures: dict[str, str]


def look_at_newest(
    strategies: Iterable[AnyStrategy], timeframe: Timeframe, candles: Mapping[Instrument, Candles]
) -> Sighted:
    """The signals of the newest candle of each pair. A strategy that raises is stopped at once; others go on."""
    sighted = Sighted([], {})
    for strategy in strategies:
        for instrument, series in candles.items():
            try:
                found = signal_at(strategy, instrument, timeframe, series, strategy.signals(series), len(series) - 1)
            except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything
                sighted.failures[strategy.name] = f"{type(error).__name__}: {error} (at {instrument} {timeframe})"
                break
            if found is not None:
                sighted.signals.append(found)
    return sighted


def look_at_all(
    strategy: AnyStrategy, instrument: Instrument, timeframe: Timeframe, candles: Candles
) -> Iterator[ScanSignal]:
    """Every signal of a pair's candles, ascending. Raises whatever the strategy does."""
    signals = strategy.signals(candles)
    for index in signals.indices():
        found = signal_at(strategy, instrument, timeframe, candles, signals, index)
        if found is not None:
            yield found


def signal_at(
    strategy: AnyStrategy, instrument: Instrument, timeframe: Timeframe, candles: Candles, signals: Signals, index: int
) -> ScanSignal | None:
    """The signal of the candle at `index`, if there is one that can be traded."""
    if index < 0 or not signals.side[index]:
        return None
    levels = (signals.stop[index], *signals.targets[:, index])
    if not np.isfinite(levels).all() or min(levels) <= 0:
        return None
    stop_loss, *targets = (_decimal(level) for level in levels)
    return scan_signal(
        strategy.name,
        instrument,
        timeframe,
        candles.time(index),
        direction=Direction.LONG if signals.side[index] > 0 else Direction.SHORT,
        # A double's shortest spelling is the price that the exchange wrote.
        price=Decimal(repr(float(candles.close[index]))),
        stop_loss=stop_loss,
        targets=targets,
        confidence=Decimal(float(signals.confidence[index])).quantize(_CONFIDENCE_STEP),
    )


def _decimal(level: float) -> Decimal:
    """A computed level to ten digits: more than any tick has, less than a double's noise."""
    return Decimal(f"{float(level):.10g}")
