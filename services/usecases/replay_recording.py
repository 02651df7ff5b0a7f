"""One instrument's recording as a replay reads it: blocks of minutes, and finer data inside single minutes."""

import csv
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path as Folder

import msgspec

from services.binance import convert, wire
from services.binance.dumps import DumpFile, Kind, Recording, exchange_symbols, read_bars, read_prints, recordings
from services.domain.barriers import Barriers
from services.domain.errors import InvalidData
from services.domain.judge import Need
from services.domain.market import UNFILTERED, Filters, Instrument, InstrumentStatus, Market
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution, floor_minute

BLOCK_BARS = 60

UNREADABLE = (InvalidData, OSError, EOFError, UnicodeError, RuntimeError, csv.Error, zlib.error)
"""What reading a damaged file raises."""


class Block(msgspec.Struct, frozen=True):
    """Consecutive minutes as one path, with their extremes."""

    path: Path
    low: Decimal
    high: Decimal

    def may_change(self, wall: Barriers) -> bool:
        """The rule of the live search: strictly between its barriers nothing happens to a trade."""
        return (wall.lower is not None and wall.lower >= self.low) or (
            wall.upper is not None and wall.upper <= self.high
        )


class Stretch(msgspec.Struct, frozen=True):
    """The minutes of one file."""

    bars: Sequence[Bar]
    opens: Sequence[datetime]
    blocks: Sequence[Block]

    def blocks_from(self, time: datetime) -> Iterator[Block]:
        """The blocks that end after `time`."""
        first = bisect_right(self.blocks, time, key=lambda block: block.path.end)
        for index in range(first, len(self.blocks)):
            yield self.blocks[index]


class Recorded(msgspec.Struct, frozen=True):
    """What a folder holds of one instrument; None where it has nothing of that kind."""

    instrument: Instrument
    minutes: Recording | None = None
    seconds: Recording | None = None
    prints: Recording | None = None

    def stretches(self) -> Iterator[Stretch]:
        """The recording in order, a file at a time. Raises InvalidData where a file cannot be read."""
        last: datetime | None = None
        for file in self.minutes.files if self.minutes else ():
            bars = [bar for bar in read_bars(file, "1m") if last is None or bar.open_time > last]
            if bars:
                last = bars[-1].open_time
                yield _stretch(self.instrument.id, bars)

    def finer(self, needs: Iterable[Need], have: Mapping[datetime, Finer], stretch: Stretch) -> dict[datetime, Finer]:
        """What the folder keeps inside the minutes of `stretch` that are needed, finer than what we `have`.

        Seconds first, then prints. A minute without (finer) data, or with data that does not reach its bar's
        extremes and so lacks a part, has none for good.
        """
        minutes = {need.minute for need in needs}
        found = _inside(self.seconds, minutes - have.keys(), Resolution.SECONDS, stretch)
        found |= _inside(self.prints, minutes - found.keys(), Resolution.PRINTS, stretch)
        for minute in minutes - found.keys():
            known = have.get(minute, Finer(Resolution.PRINTS))
            found[minute] = msgspec.structs.replace(known, gone=True)
        return found


def open_folder(folder: Folder) -> dict[tuple[Market, str], Recorded]:
    """Every instrument recorded in `folder`. Raises InvalidData if there is none, or exchangeInfo.json is broken."""
    grids = _grids(folder)
    found: dict[tuple[Market, str], Recorded] = {}
    fields = {
        (Kind.KLINES, "1m"): "minutes",
        (Kind.KLINES, "1s"): "seconds",
        (Kind.AGG_TRADES, ""): "prints",
    }
    for recording in recordings(folder):
        field = fields.get((recording.kind, recording.interval))
        if field is None:
            continue
        key = (recording.market, recording.symbol)
        if key not in found:
            found[key] = Recorded(_instrument(len(found) + 1, *key, grids.get(key, UNFILTERED)))
        found[key] = msgspec.structs.replace(found[key], **{field: recording})
    return found


def _grids(folder: Folder) -> dict[tuple[Market, str], Filters]:
    """Price and quantity grids by market and symbol; a pair halted since counts, it was traded when recorded."""
    grids = {}
    for market, rows in exchange_symbols(folder).items():
        try:
            symbols = msgspec.convert(rows, list[wire.Symbol])
        except msgspec.ValidationError as error:
            raise InvalidData(f"{folder}: exchangeInfo.json: {error}") from error
        traded = [msgspec.structs.replace(row, status="TRADING", isSpotTradingAllowed=True) for row in symbols]
        for listing in convert.listings(market, wire.ExchangeInfo(traded)):
            grids[market, listing.symbol] = listing.filters
    return grids


def _instrument(id_: int, market: Market, symbol: str, filters: Filters) -> Instrument:
    return Instrument(id_, market, symbol, symbol.removesuffix("USDT"), InstrumentStatus.TRADING, filters)


def _stretch(instrument_id: int, bars: list[Bar]) -> Stretch:
    blocks = []
    for start in range(0, len(bars), BLOCK_BARS):
        part = tuple(bars[start : start + BLOCK_BARS])
        path = Path(instrument_id, part[0].open_time, part[-1].open_time + MINUTE, part)
        blocks.append(Block(path, min(bar.low for bar in part), max(bar.high for bar in part)))
    return Stretch(bars, [bar.open_time for bar in bars], blocks)


def _inside(
    recording: Recording | None, minutes: set[datetime], resolution: Resolution, stretch: Stretch
) -> dict[datetime, Finer]:
    """Complete data of `resolution` inside `minutes`, as far as `recording` has them."""
    parts: dict[datetime, list[Bar]] = {}
    for file in recording.files if recording else ():
        wanted = {minute for minute in minutes if file.start <= minute < file.end}
        if wanted:
            for part in _parts(file, resolution):
                minute = floor_minute(part.open_time)
                if minute in wanted:
                    parts.setdefault(minute, []).append(part)
    return {
        minute: Finer(resolution, tuple(bars)) for minute, bars in parts.items() if _is_whole(stretch, minute, bars)
    }


def _parts(file: DumpFile, resolution: Resolution) -> Iterator[Bar]:
    return read_prints(file) if resolution is Resolution.PRINTS else read_bars(file, "1s")


def _is_whole(stretch: Stretch, minute: datetime, parts: Sequence[Bar]) -> bool:
    bar = stretch.bars[bisect_right(stretch.opens, minute) - 1]
    # Seconds before the minute's first trade repeat the last price, which may lie outside the minute's bar.
    return min(part.low for part in parts) <= bar.low and max(part.high for part in parts) >= bar.high
