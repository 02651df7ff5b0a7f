"""A made recording in the layout of the public dumps: every print known, prices rough enough to fool bars.

Both markets list the same symbols, each with a tape of its own. Prints jump within minutes and between them, and
some minutes are silent.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

START = datetime(2026, 7, 1, 12, 1, tzinfo=UTC)
MINUTES = 240
PRINTS_A_MINUTE = 12
STEP, JUMP, JUMP_SHARE, SILENT_SHARE = 0.0008, 0.012, 0.01, 0.03
DAY_MS = 86_400_000
FOLDERS = {"SPOT": "spot", "FUTURES": "futures/um"}
PAIRS = {"BTCUSDT": (60_000, "0.1"), "ETHUSDT": (3_000, "0.01"), "SOLUSDT": (150, "0.01"), "XRPUSDT": (2, "0.0001")}
"""First price and price grid by symbol."""

Prints = list[tuple[int, Decimal]]
"""Epoch milliseconds and price, ascending."""


def milliseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """The time of so many epoch milliseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def make_recording(
    folder: Path, seed: int, minutes: int = MINUTES, start: datetime = START
) -> dict[tuple[str, str], Prints]:
    """Write the recording; its prints by market and symbol."""
    tapes = {}
    for market in FOLDERS:
        for symbol in PAIRS:
            prints = _prints(random.Random(f"{seed} {market} {symbol}"), symbol, milliseconds(start), minutes)
            tapes[market, symbol] = prints
            write(folder, market, symbol, prints)
    return tapes


def write(folder: Path, market: str, symbol: str, prints: Prints) -> None:
    """Write the files of one pair, one a day."""
    place = folder / FOLDERS[market] / "daily" / "aggTrades" / symbol
    place.mkdir(parents=True)
    numbered = [
        (time, f"{number},{price},1.000,{number},{number},{time},true")
        for number, (time, price) in enumerate(prints, 1)
    ]
    for day, rows in groupby(numbered, lambda row: row[0] // DAY_MS):
        name = f"{symbol}-aggTrades-{datetime.fromtimestamp(day * DAY_MS // 1000, UTC):%Y-%m-%d}.csv"
        (place / name).write_text("".join(f"{text}\n" for _, text in rows))


def _prints(chance: random.Random, symbol: str, begin: int, minutes: int) -> Prints:
    first, grid = PAIRS[symbol]
    tick, price = Decimal(grid), float(first)
    prints: Prints = [(begin, Decimal(first).quantize(tick))]
    for minute in range(minutes):
        if chance.random() < SILENT_SHARE:
            continue
        offsets = sorted(chance.sample(range(1, 60_000), PRINTS_A_MINUTE))
        for offset in offsets:
            size = JUMP if chance.random() < JUMP_SHARE else STEP
            price *= 1 + chance.gauss(0, size)
            prints.append((begin + minute * 60_000 + offset, Decimal(round(price / float(tick))) * tick))
    return prints
