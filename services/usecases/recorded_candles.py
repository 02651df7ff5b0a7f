"""Candles of a timeframe from a folder in the layout of the exchange's dumps: recorded ones, or made from minutes."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from services.binance.convert import to_ms
from services.binance.dumps import Kind, Kline, Recording, read_klines, recordings
from services.domain.candles import Timeframe
from services.domain.errors import InvalidData
from services.scanner.series import Candles
from services.usecases.trial import Key


class Source(msgspec.Struct, frozen=True):
    """The files that tell a pair's candles, of `interval`."""

    interval: Timeframe
    recording: Recording


def sources(folder: Path, timeframe: Timeframe) -> dict[Key, Source]:
    """Every pair whose candles of `timeframe` the folder can tell. Raises InvalidData if there is none."""
    found: dict[Key, Source] = {}
    for recording in recordings(folder):
        if recording.kind is not Kind.KLINES or recording.interval not in set(Timeframe):
            continue
        interval = Timeframe(recording.interval)
        if interval.length > timeframe.length or timeframe.length % interval.length:
            continue
        key = (recording.market, recording.symbol)
        # The longest interval is the quickest to read, and may reach back further than the minutes do.
        if key not in found or interval.length > found[key].interval.length:
            found[key] = Source(interval, recording)
    if not found:
        raise InvalidData(f"{folder}: no klines that candles of {timeframe} can be made of")
    return found


def read_candles(source: Source, timeframe: Timeframe) -> Candles:
    """The pair's candles, ascending; one of which the recording holds only a part at its end is left out.

    Raises what reading a damaged file raises (services.usecases.replay_recording.UNREADABLE).
    """
    rows = list(_merged(source, timeframe))
    times, opens, highs, lows, closes, volumes = zip(*rows, strict=True) if rows else ((),) * 6
    return Candles(
        np.array(times, np.int64),
        np.array(opens, np.float64),
        np.array(highs, np.float64),
        np.array(lows, np.float64),
        np.array(closes, np.float64),
        np.array(volumes, np.float64),
    )


_Row = tuple[int, float, float, float, float, float]


def _merged(source: Source, timeframe: Timeframe) -> Iterator[_Row]:
    length = timeframe.length // timedelta(milliseconds=1)
    last = source.interval.length // timedelta(milliseconds=1)
    part: list[_Row] = []
    for kline in _klines(source):
        row = _row(kline)
        if part and row[0] // length != part[0][0] // length:
            yield _joined(part, length)
            part = []
        part.append(row)
    # A later candle proves one to be over; the last one must reach its own end.
    if part and (part[-1][0] + last) % length == 0:
        yield _joined(part, length)


def _klines(source: Source) -> Iterator[Kline]:
    newest = None
    for file in source.recording.files:
        for kline in read_klines(file, source.interval):
            if newest is None or kline.bar.open_time > newest:
                newest = kline.bar.open_time
                yield kline


def _row(kline: Kline) -> _Row:
    bar = kline.bar
    return (
        to_ms(bar.open_time),
        float(bar.open),
        float(bar.high),
        float(bar.low),
        float(bar.close),
        float(kline.volume or 0),
    )


def _joined(part: list[_Row], length: int) -> _Row:
    begin = part[0][0] // length * length
    highest, lowest = max(row[2] for row in part), min(row[3] for row in part)
    return begin, part[0][1], highest, lowest, part[-1][4], sum(row[5] for row in part)


def chosen(found: Mapping[Key, Source], keys: set[str]) -> dict[Key, Source]:
    """Those named, as BTCUSDT or FUTURES:BTCUSDT; all where none is. Raises InvalidData naming what is not there."""
    if not keys:
        return dict(found)
    picked = {key: source for key, source in found.items() if {key[1], f"{key[0]}:{key[1]}"} & keys}
    unknown = keys - {name for key in picked for name in (key[1], f"{key[0]}:{key[1]}")}
    if unknown:
        names = ", ".join(sorted(f"{market}:{symbol}" for market, symbol in found)[:20])
        raise InvalidData(f"not recorded: {', '.join(sorted(unknown))}; there are {names}")
    return picked
