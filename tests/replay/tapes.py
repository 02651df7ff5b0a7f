"""Tapes of which every print is known, as recordings for replays: a made-up walk, and the simulator's own."""

import json
import random
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from deploy.simulator.instruments import table
from deploy.simulator.listings import synthetic_instrument
from services.domain.market import Market
from tests.oracle.money import FRACTION, average_ranges
from tests.oracle.plans import MINUTE
from tests.replay.desk import DAY, ms
from tests.simulator.recordings import write

MINUTES = 120
STEP = Decimal("0.001")
KLINES = "futures/um/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv"
PRINTS = "futures/um/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.csv"

Prints = list[tuple[int, int]]
"""(ms after DAY, ticks)."""


class Tape(NamedTuple):
    """`scale` is about a fifth of a minute's range, in ticks: plans are made in it."""

    tick: Decimal
    scale: int
    prints: Prints

    @property
    def opens(self) -> dict[int, int]:
        """The first print of each minute that has any."""
        return {time // MINUTE: price for time, price in reversed(self.prints)}

    def slippages(self) -> dict[int, Decimal]:
        """Of each minute, what a market order given at its open slips by, realistically: half a tick is half the
        spread, and a tenth of the average range of the minutes before."""
        bars = [(0, *bar) for _, bar in self.bars()]
        ranges = average_ranges(bars)
        return {
            minute: (self.tick / 2 / bar[0]).quantize(FRACTION) + ranges[number] / 10
            for number, (minute, bar) in enumerate(self.bars())
        }

    def bars(self) -> list[tuple[int, tuple[Decimal, Decimal, Decimal, Decimal]]]:
        """Open, high, low and close of each minute that has any print."""
        found = []
        for minute, group in groupby(self.prints, key=lambda each: each[0] // MINUTE):
            seen = [price for _, price in group]
            found.append((minute, tuple(self.tick * each for each in (seen[0], max(seen), min(seen), seen[-1]))))
        return found


def walk(chance: random.Random) -> Tape:
    """A walk in small steps with jumps, silent minutes, and a whole run of them."""
    ticks, prints = 1000, []
    for minute in range(MINUTES):
        if chance.random() < 0.1 or 50 <= minute < 55:
            continue
        for offset in sorted(chance.sample(range(MINUTE), chance.randint(1, 12))):
            ticks = max(500, ticks + (chance.randint(-15, 15) if chance.random() < 0.03 else chance.randint(-3, 3)))
            prints.append((minute * MINUTE + offset, ticks))
    return Tape(Decimal("0.1"), 1, prints)


def simulated(symbol: str, seed: int = 7) -> Tape:
    """Two hours of a contract of the simulator, every print of them."""
    row = next(row for row in table() if row.market is Market.FUTURES and row.symbol == symbol)
    told = synthetic_instrument(seed, row).tape.prints(ms(DAY), ms(DAY) + MINUTES * MINUTE, 10**6)
    prints = [(each.time - ms(DAY), each.price) for each in told]
    tape = Tape(row.tick, 1, prints)
    ranges = sorted((high - low) / row.tick for _, (_, high, low, _) in tape.bars())
    return tape._replace(scale=max(1, int(ranges[len(ranges) // 2] / 5)))


def record(folder: Path, tape: Tape, *, with_prints: bool) -> None:
    """The tape as Binance's dumps have it: minutes, and its prints where they shall be had on demand."""
    rows = []
    counts = {minute: len(list(group)) for minute, group in groupby(tape.prints, key=lambda each: each[0] // MINUTE)}
    for minute, prices in tape.bars():
        opened = ms(DAY) + minute * MINUTE
        rows.append(f"{opened},{','.join(map(str, prices))},1,{opened + MINUTE - 1},100,{counts[minute]}")
    write(folder, KLINES, rows)
    if with_prints:
        told = enumerate(tape.prints)
        write(folder, PRINTS, [f"{n},{tape.tick * p},1,{n},{n},{ms(DAY) + t},true" for n, (t, p) in told])
    write_grid(folder, tape.tick)


def write_grid(folder: Path, tick: Decimal, symbols: Sequence[str] = ("AUSDT",)) -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": f"{tick:f}"},
        {"filterType": "LOT_SIZE", "stepSize": str(STEP), "minQty": str(STEP)},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ]
    rows = [
        {
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": symbol.removesuffix("USDT"),
            "quoteAsset": "USDT",
            "filters": filters,
            "contractType": "PERPETUAL",
        }
        for symbol in symbols
    ]
    (folder / "exchangeInfo.json").write_text(json.dumps({"symbols": rows}))
