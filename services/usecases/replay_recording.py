"""One instrument's recording as a replay reads it: blocks of bars, and finer data inside single bars."""

import csv
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path as Folder

import msgspec

from services.binance import brackets, convert, wire
from services.binance.dumps import (
    DumpFile,
    Kind,
    Recording,
    exchange_symbols,
    length_of,
    read_bars,
    read_klines,
    read_prints,
    read_rates,
    recordings,
)
from services.domain.barriers import Barriers
from services.domain.brackets import Brackets
from services.domain.errors import InvalidData
from services.domain.funding import Settlement
from services.domain.judge import Need
from services.domain.market import UNFILTERED, Filters, Instrument, InstrumentStatus, Market
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution, floor_minute
from services.usecases.replay_bars import Along, beside, end_of, holding, in_their_place, merged

BLOCK_BARS = 60

UNREADABLE = (InvalidData, OSError, EOFError, UnicodeError, RuntimeError, csv.Error, zlib.error)
"""What reading a damaged file raises."""


class Fineness(StrEnum):
    """What may decide the order inside a bar."""

    AUTO = "auto"
    """Whatever was recorded, coarsest first."""
    MINUTES = "1m"
    SECONDS = "1s"
    PRINTS = "prints"
    NONE = "none"


class Block(msgspec.Struct, frozen=True):
    """Consecutive bars as one path, with their extremes and those of the mark price (None: none was recorded)."""

    path: Path
    low: Decimal
    high: Decimal
    mark_low: Decimal | None = None
    mark_high: Decimal | None = None

    def may_change(self, wall: Barriers) -> bool:
        """The rule of the live search: strictly between its barriers nothing happens to a trade."""
        return (wall.lower is not None and wall.lower >= self.low) or (
            wall.upper is not None and wall.upper <= self.high
        )

    def may_liquidate(self, price: Decimal | None, *, is_long: bool) -> bool:
        """The same for its liquidation price, None: it has none."""
        if price is None or self.mark_low is None or self.mark_high is None:
            return False
        return self.mark_low <= price if is_long else self.mark_high >= price


class Stretch(msgspec.Struct, frozen=True):
    """The bars of one file that are walked, and the funding that was settled meanwhile.

    `ranges` are the finest bars there are of that time: of them the average range is made.
    """

    bars: Sequence[Bar]
    opens: Sequence[datetime]
    blocks: Sequence[Block]
    ranges: Sequence[Bar]
    settlements: tuple[Settlement, ...] = ()

    def blocks_from(self, time: datetime) -> Iterator[Block]:
        """The blocks that end after `time`."""
        first = bisect_right(self.blocks, time, key=lambda block: block.path.end)
        for index in range(first, len(self.blocks)):
            yield self.blocks[index]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds of one instrument; None where it has nothing of that kind.

    minutes    bars of the last price, of `interval`; put together they are `length` long
    inside     one-minute bars of the last price, where `interval` is longer
    is_inside  whether minutes are walked in place of the longer bars that they make up
    levels     finer data, coarsest first
    mark       bars of the mark price, of `mark_interval`
    rates      settled funding
    brackets   maintenance brackets, of futures
    """

    instrument: Instrument
    length: timedelta = MINUTE
    interval: str = "1m"
    minutes: Recording | None = None
    inside: Recording | None = None
    is_inside: bool = False
    levels: tuple[tuple[Resolution, Recording], ...] = ()
    mark: Recording | None = None
    mark_interval: str = "1m"
    rates: Recording | None = None
    brackets: Brackets = ()

    def stretches(self) -> Iterator[Stretch]:
        """The recording in order, a file at a time. Raises InvalidData where a file cannot be read."""
        last: datetime | None = None
        inside = Along(_bars_of(self.inside))
        marks = Along(kline.bar for file in _files(self.mark) for kline in read_klines(file, self.mark_interval))
        rates = [each for file in _files(self.rates) for each in read_rates(file)]
        for file in _files(self.minutes):
            read = [bar for bar in read_bars(file, self.interval) if last is None or bar.open_time > last]
            if not read:
                continue
            last = read[-1].open_time
            bars = list(merged(read, self.length))
            span = bars[0].open_time, end_of(bars[-1])
            ranges = bars if self.length == MINUTE else in_their_place(bars, inside.of(*span) if self.inside else read)
            if self.is_inside:
                bars = ranges
            mark = beside(marks.of(*span), bars, self.length) if self.mark else None
            yield _stretch(self.instrument.id, bars, ranges, mark, _settlements(rates, bars, mark or bars, span[1]))

    def finer(self, needs: Iterable[Need], have: Mapping[datetime, Finer], stretch: Stretch) -> dict[datetime, Finer]:
        """What the folder keeps inside the bars of `stretch` that are needed, finer than what we `have`.

        A bar without (finer) data, or with data that does not reach its extremes and so lacks a part, has none for
        good.
        """
        wanted = {need.minute for need in needs}
        ranks = {resolution: rank for rank, (resolution, _) in enumerate(self.levels)}
        found: dict[datetime, Finer] = {}
        for rank, (resolution, recording) in enumerate(self.levels):
            coarser = {begin for begin in wanted if begin not in have or ranks[have[begin].resolution] < rank}
            found |= _inside(recording, coarser - found.keys(), resolution, stretch)
        for begin in wanted - found.keys():
            known = have.get(begin, Finer(Resolution.PRINTS))
            found[begin] = msgspec.structs.replace(known, gone=True)
        return found


def entry_opens(recorded: Recorded, times: Iterable[datetime]) -> dict[datetime, Decimal]:
    """For each of these times the open of the first bar at or after it: what an order at the market is filled at.

    Times after the recording are left out, as is what lies behind a file that cannot be read.
    """
    waiting, found = sorted(set(times)), dict[datetime, Decimal]()
    try:
        for stretch in recorded.stretches():
            reached = bisect_right(waiting, stretch.opens[-1])
            for time in waiting[:reached]:
                found[time] = stretch.bars[bisect_left(stretch.opens, time)].open
            del waiting[:reached]
            if not waiting:
                break
    except UNREADABLE:
        return found  # the trial tells of the file
    return found


def _settlements(
    rates: Sequence[tuple[datetime, Decimal]], bars: Sequence[Bar], prices: Sequence[Bar], end: datetime
) -> tuple[Settlement, ...]:
    """What was settled over the bars, at the mark price of that minute, or the last price where no other is known."""
    first = bisect_left(rates, bars[0].open_time, key=lambda rate: rate[0])
    after = bisect_left(rates, end, key=lambda rate: rate[0])
    opens = [bar.open_time for bar in prices]
    return tuple(
        Settlement(floor_minute(time), prices[max(bisect_right(opens, time) - 1, 0)].open * rate)
        for time, rate in rates[first:after]
    )


def open_folder(
    folder: Folder, bars: str = "1m", fineness: Fineness = Fineness.AUTO
) -> dict[tuple[Market, str], Recorded]:
    """Every instrument recorded in `folder`, to be judged by bars of `bars`, those recorded or made from minutes.

    Raises InvalidData if there is none, or exchangeInfo.json or leverageBracket.json is broken, or `bars` is no length
    of at least a minute.
    """
    length = length_of(bars)
    if length < MINUTE or timedelta(days=1) % length:
        raise InvalidData(f"bars must be at least a minute long and divide the day: {bars!r}")
    grids, schedules = _grids(folder), brackets.of_recording(folder)
    by_pair: dict[tuple[Market, str], dict[tuple[Kind, str], Recording]] = {}
    for recording in recordings(folder):
        kinds = by_pair.setdefault((recording.market, recording.symbol), {})
        kinds[recording.kind, recording.interval] = recording
    found = {}
    for number, (key, kinds) in enumerate(by_pair.items(), start=1):
        interval = bars if (Kind.KLINES, bars) in kinds else "1m"
        mark_interval = "1m" if (Kind.MARK_PRICE_KLINES, "1m") in kinds else bars
        mark = kinds.get((Kind.MARK_PRICE_KLINES, mark_interval))
        # A minute of the last price is not to be judged by an hour of the mark price.
        is_inside = fineness in (Fineness.MINUTES, Fineness.AUTO) and (mark is None or mark_interval == "1m")
        found[key] = Recorded(
            instrument=_instrument(number, *key, grids.get(key, UNFILTERED)),
            length=length,
            interval=interval,
            minutes=kinds.get((Kind.KLINES, interval)),
            inside=kinds.get((Kind.KLINES, "1m")) if interval != "1m" else None,
            is_inside=is_inside,
            levels=tuple(_levels(kinds, fineness, with_minutes=length > MINUTE and not is_inside)),
            mark=mark,
            mark_interval=mark_interval,
            rates=kinds.get((Kind.FUNDING_RATE, "")),
            brackets=schedules.of(key[1]) if key[0] is Market.FUTURES else (),
        )
    return found


def futures_terms(folder: Folder, recordings: Iterable[Recorded]) -> tuple[str, ...]:
    """For people: by which brackets contracts among `recordings` are judged, and what nobody recorded of them."""
    contracts = [each for each in recordings if each.instrument.market is Market.FUTURES]
    if not contracts:
        return ()
    told = [f"maintenance brackets: {brackets.of_recording(folder).origin}"]
    if lacking := sum(each.mark is None for each in contracts):
        told.append(f"no mark price is recorded of {lacking} of {len(contracts)} contracts: no liquidation there")
    if lacking := sum(each.rates is None for each in contracts):
        told.append(f"no funding rates are recorded of {lacking} of {len(contracts)} contracts: none is paid there")
    return tuple(told)


def _levels(
    kinds: Mapping[tuple[Kind, str], Recording], fineness: Fineness, *, with_minutes: bool
) -> Iterator[tuple[Resolution, Recording]]:
    sources = (
        (Fineness.MINUTES, Resolution.MINUTES, (Kind.KLINES, "1m")),
        (Fineness.SECONDS, Resolution.SECONDS, (Kind.KLINES, "1s")),
        (Fineness.PRINTS, Resolution.PRINTS, (Kind.AGG_TRADES, "")),
    )
    for choice, resolution, kind in sources:
        if kind in kinds and fineness in (choice, Fineness.AUTO) and (with_minutes or choice is not Fineness.MINUTES):
            yield resolution, kinds[kind]


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


def _stretch(
    instrument_id: int,
    bars: Sequence[Bar],
    ranges: Sequence[Bar],
    mark: tuple[Bar, ...] | None,
    settlements: tuple[Settlement, ...],
) -> Stretch:
    """Blocks without a gap between them: over all of a block's path the mark price counts."""
    blocks = []
    for first in range(0, len(bars), BLOCK_BARS):
        part = tuple(bars[first : first + BLOCK_BARS])
        after = first + BLOCK_BARS
        end = bars[after].open_time if after < len(bars) else end_of(part[-1])
        path = Path(instrument_id, part[0].open_time, end, part)
        low, high = min(bar.low for bar in part), max(bar.high for bar in part)
        if mark is None:
            blocks.append(Block(path, low, high))
            continue
        inside = tuple(bar for bar in mark if path.start <= bar.open_time < end)
        lowest = min((bar.low for bar in inside), default=None)
        highest = max((bar.high for bar in inside), default=None)
        blocks.append(Block(msgspec.structs.replace(path, mark=inside), low, high, lowest, highest))
    return Stretch(bars, [bar.open_time for bar in bars], blocks, ranges, settlements)


def _inside(
    recording: Recording, begins: set[datetime], resolution: Resolution, stretch: Stretch
) -> dict[datetime, Finer]:
    """Complete data of `resolution` inside the bars that begin then, as far as `recording` has them."""
    parts: dict[datetime, list[Bar]] = {}
    for file in recording.files:
        wanted = {begin for begin in begins if file.start <= begin < file.end}
        if wanted:
            for part in _parts(file, resolution):
                bar = holding(stretch.opens, stretch.bars, part.open_time)
                if bar is not None and bar.open_time in wanted:
                    parts.setdefault(bar.open_time, []).append(part)
    return {begin: Finer(resolution, tuple(bars)) for begin, bars in parts.items() if _is_whole(stretch, begin, bars)}


def _files(recording: Recording | None) -> tuple[DumpFile, ...]:
    return recording.files if recording else ()


def _bars_of(minutes: Recording | None) -> Iterator[Bar]:
    return (bar for file in _files(minutes) for bar in read_bars(file, "1m"))


def _parts(file: DumpFile, resolution: Resolution) -> Iterator[Bar]:
    if resolution is Resolution.PRINTS:
        return read_prints(file)
    return read_bars(file, "1s" if resolution is Resolution.SECONDS else "1m")


def _is_whole(stretch: Stretch, begin: datetime, parts: Sequence[Bar]) -> bool:
    bar = stretch.bars[bisect_right(stretch.opens, begin) - 1]
    # Seconds before the minute's first trade repeat the last price, which may lie outside the minute's bar.
    return min(part.low for part in parts) <= bar.low and max(part.high for part in parts) >= bar.high
