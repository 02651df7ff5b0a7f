"""Reads folders of recorded market data in the layout of Binance's public dumps.

    spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2025-02-03.zip
    futures/um/monthly/markPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2025-02.zip
    futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2025-02-03.csv
    futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2025-02.zip

Files are zips of one CSV, or the CSV itself, with or without a header; times in milli- or microseconds. Where a month
and its days are both there, the month is read. Everything is streamed: one file is open at a time.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from services.domain.errors import InvalidData
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.domain.money import parse_amount, parse_price
from services.domain.path import Bar, print_bar


class Kind(StrEnum):
    """What a recording holds; the values are the folders' names."""

    KLINES = "klines"
    MARK_PRICE_KLINES = "markPriceKlines"
    AGG_TRADES = "aggTrades"
    FUNDING_RATE = "fundingRate"


class DumpFile(msgspec.Struct, frozen=True, order=True):
    """One file; its data lie in [start, end) by its name."""

    start: datetime
    end: datetime
    path: Path


class Recording(msgspec.Struct, frozen=True):
    """All files of one instrument and kind, ascending. `interval` is "1m", "1s", ...; "" for what has none."""

    market: Market
    symbol: str
    kind: Kind
    interval: str
    files: tuple[DumpFile, ...]


class Kline(msgspec.Struct, frozen=True):
    """A bar with what was traded in it; None where the file does not tell."""

    bar: Bar
    volume: Decimal | None
    trades: int | None

    @property
    def is_traded(self) -> bool:
        """Whether anything was traded in it, as far as the file tells."""
        return self.trades != 0 if self.trades is not None else self.volume != 0


class AggTrade(msgspec.Struct, frozen=True):
    """One aggregate trade."""

    id: int
    time: datetime
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


_MARKETS = {"spot": Market.SPOT, "futures/um": Market.FUTURES}
_INTERVALS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NAME = re.compile(r".+-(\d{4})-(\d{2})(?:-(\d{2}))?\.(?:zip|csv)")
_KLINE_COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count")
_TRADE_COLUMNS = (
    *("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id"),
    *("transact_time", "is_buyer_maker"),
)
_RATE_COLUMNS = ("calc_time", "funding_interval_hours", "last_funding_rate")
_MICROSECONDS_FROM = 10**15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def recordings(folder: Path) -> list[Recording]:
    """Everything recorded in `folder`, by market, symbol, kind and interval.

    Raises InvalidData if the folder holds nothing of the sort.
    """
    found: dict[tuple[Market, str, Kind, str], list[DumpFile]] = {}
    for place, market in _MARKETS.items():
        for kind in Kind:
            is_plain = kind in (Kind.AGG_TRADES, Kind.FUNDING_RATE)
            pattern = f"{place}/*/{kind.value}/*/*" if is_plain else f"{place}/*/{kind.value}/*/*/*"
            for path in folder.glob(pattern):
                file = _file(path)
                if file is None:
                    continue
                interval = "" if is_plain else path.parent.name
                symbol = path.parents[0 if is_plain else 1].name
                found.setdefault((market, symbol, kind, interval), []).append(file)
    if not found:
        raise InvalidData(f"{folder}: no recorded data (expected e.g. spot/daily/klines/BTCUSDT/1m/*.zip)")
    return [Recording(*key, tuple(_without_repeats(files))) for key, files in sorted(found.items())]


class _Symbols(msgspec.Struct):
    symbols: list[dict[str, Any]]


def exchange_symbols(folder: Path) -> dict[Market, list[dict[str, Any]]]:
    """The raw `symbols` of the exchangeInfo.json files in `folder` (in its root, spot/ or futures/um/).

    Futures rows are told by their contractType. Raises InvalidData for a file that is not an exchangeInfo.
    """
    rows: dict[Market, list[dict[str, Any]]] = {Market.SPOT: [], Market.FUTURES: []}
    for path in (folder / "exchangeInfo.json", *(folder / place / "exchangeInfo.json" for place in _MARKETS)):
        if not path.exists():
            continue
        try:
            symbols = msgspec.json.decode(path.read_bytes(), type=_Symbols).symbols
        except MALFORMED as error:
            raise InvalidData(f"{path}: not an exchangeInfo answer ({error})") from error
        for row in symbols:
            rows[Market.FUTURES if "contractType" in row else Market.SPOT].append(row)
    return rows


def read_klines(file: DumpFile, interval: str) -> Iterator[Kline]:
    """The klines of a file, ascending; repeated ones once. Raises InvalidData naming file and line."""
    length = length_of(interval)
    last = datetime.min.replace(tzinfo=UTC)
    for line, row in _rows(file.path, _KLINE_COLUMNS):
        with _at(file.path, line):
            kline = _kline(row, length)
            if kline.bar.open_time < last:
                raise InvalidData("bars are not in ascending order")
        if kline.bar.open_time > last:
            last = kline.bar.open_time
            yield kline


def read_bars(file: DumpFile, interval: str) -> Iterator[Bar]:
    """The klines of a file in which anything was traded, as bars; one that does not tell counts as traded."""
    for kline in read_klines(file, interval):
        if kline.is_traded:
            yield kline.bar


def read_trades(file: DumpFile) -> Iterator[AggTrade]:
    """The aggregate trades of a file, ascending. Raises InvalidData naming file and line."""
    last = -1
    for line, row in _rows(file.path, _TRADE_COLUMNS):
        with _at(file.path, line):
            trade = AggTrade(
                id=int(_field(row, "agg_trade_id", "a")),
                time=_time(_field(row, "transact_time", "T")),
                price=parse_price(_field(row, "price", "p")),
                quantity=parse_amount(_field(row, "quantity", "q")),
                buyer_is_maker=row.get("is_buyer_maker", row.get("m", "")).lower() == "true",
            )
            if trade.id <= last:
                raise InvalidData("trades are not in ascending order")
            last = trade.id
        yield trade


def read_prints(file: DumpFile) -> Iterator[Bar]:
    """The aggregate trades of a file as bars of one price."""
    for trade in read_trades(file):
        yield print_bar(trade.time, trade.price)


def read_rates(file: DumpFile) -> Iterator[tuple[datetime, Decimal]]:
    """The settled funding rates of a file with their times, ascending. Raises InvalidData naming file and line."""
    last = datetime.min.replace(tzinfo=UTC)
    for line, row in _rows(file.path, _RATE_COLUMNS):
        with _at(file.path, line):
            time, text = _time(_field(row, "calc_time")), _field(row, "last_funding_rate")
            rate = parse_amount(text.removeprefix("-"))
            if time <= last or rate >= 1:
                raise InvalidData(f"an impossible rate, or not in ascending order: {text}")
            last = time
        yield time, -rate if text.startswith("-") else rate


def _file(path: Path) -> DumpFile | None:
    """The file and the days its name speaks of, None for anything else (checksums, notes)."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    year, month = int(match[1]), int(match[2])
    try:
        start = datetime(year, month, int(match[3] or 1), tzinfo=UTC)
    except ValueError as error:
        raise InvalidData(f"{path}: {error}") from error
    if match[3] is not None:
        return DumpFile(start, start + timedelta(days=1), path)
    return DumpFile(start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC), path)


def _without_repeats(files: list[DumpFile]) -> Iterator[DumpFile]:
    """Ascending, without days that a month holds already and without a day's second file."""
    months = {file.start.replace(day=1) for file in files if file.end - file.start > timedelta(days=1)}
    last = None
    for file in sorted(files):
        is_month = file.end - file.start > timedelta(days=1)
        if file.start == last or (not is_month and file.start.replace(day=1) in months):
            continue
        last = file.start
        yield file


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows, by the names in the header if there is one, else by position."""
    with _open(path) as lines:
        names: tuple[str, ...] = columns
        for line, fields in enumerate(csv.reader(lines), start=1):
            if not fields:
                continue
            if line == 1 and not fields[0].strip().isdigit():
                names = tuple(field.strip() for field in fields)
                continue
            # Longer rows have columns that nothing here reads, shorter ones lack some: `_field` tells.
            yield line, dict(zip(names, fields, strict=False))


@contextmanager
def _open(path: Path) -> Iterator[io.TextIOBase]:
    if path.suffix != ".zip":
        with path.open(encoding="utf-8-sig", newline="") as text:
            yield text
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(members) != 1:
                raise InvalidData(f"{path}: expected one CSV inside, found {len(members)}")
            with archive.open(members[0]) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as text:
                yield text
    except zipfile.BadZipFile as error:
        raise InvalidData(f"{path}: {error}") from error


@contextmanager
def _at(path: Path, line: int) -> Iterator[None]:
    """Adds file and line to what is wrong with a row."""
    try:
        yield
    except (InvalidData, ValueError, OverflowError) as error:
        raise InvalidData(f"{path}, line {line}: {error}") from error


def _field(row: dict[str, str], *names: str) -> str:
    for name in names:
        if row.get(name):
            return row[name]
    raise InvalidData(f"no {names[0]}")


def _kline(row: dict[str, str], length: timedelta) -> Kline:
    start = _time(_field(row, "open_time"))
    open_, high, low, close = (parse_price(_field(row, name)) for name in ("open", "high", "low", "close"))
    bar = Bar(start, start + length - _MILLISECOND, open_, high, low, close).checked()
    volume, trades = row.get("volume"), row.get("count") or row.get("number_of_trades")
    return Kline(bar, parse_amount(volume) if volume else None, int(trades) if trades else None)


def _time(text: str) -> datetime:
    """A time in ms or us since the epoch."""
    value = int(text)
    return _EPOCH + timedelta(microseconds=value if value >= _MICROSECONDS_FROM else value * 1000)


def length_of(interval: str) -> timedelta:
    """The length of an interval such as 1m. Raises InvalidData for one without a fixed length."""
    unit = _INTERVALS.get(interval[-1:])
    if unit is None or not interval[:-1].isdigit():
        raise InvalidData(f"no fixed interval: {interval!r}")
    return timedelta(**{unit: int(interval[:-1])})
