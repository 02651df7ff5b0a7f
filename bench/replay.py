"""5,000 plans over a made recording of 15 symbols x 4 days, from the plans file to the outcomes file.

The baselines: reading the same files and doing nothing, and walking each plan over every one of its minutes.
"""

import argparse
import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path as Folder

from bench.table import Row
from services.domain.fees import DEFAULT_FEES
from services.domain.fills import NO_SLIPPAGE, FillModel
from services.domain.opening import Order, enter_at_open
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.trade import Label
from services.domain.walk import walk
from services.usecases.replay import replay
from services.usecases.replay_recording import Recorded, open_folder

SYMBOLS, DAYS, PLANS, SAMPLE = 15, 4, 5000, 300
START = datetime(2026, 7, 1, tzinfo=UTC)
DAY_MINUTES = 1440


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table of the replay."""
    with tempfile.TemporaryDirectory(prefix="paperfleet-bench-") as name:
        folder = Folder(name)
        _record(folder)
        wishes = _wishes(folder / "plans.jsonl")
        summary = replay(
            folder, folder / "plans.jsonl", folder / "out.jsonl", FillModel.OPTIMISTIC, lambda done, total: None
        )
        started = time.perf_counter()
        bars = {symbol: _bars(recorded) for (_, symbol), recorded in open_folder(folder).items()}
        reading = time.perf_counter() - started
        recordings = {symbol: recorded for (_, symbol), recorded in open_folder(folder).items()}
        started = time.perf_counter()
        for symbol, index, up in wishes[:SAMPLE]:
            _walk_all(recordings[symbol], bars[symbol][index:], up)
        plain = (time.perf_counter() - started) * PLANS / SAMPLE + reading
    minutes = sum(map(len, bars.values()))
    return "Replay", [
        Row(
            f"{PLANS:,} plans over {minutes:,} minutes",
            f"{summary.seconds:.2f} s, {PLANS / summary.seconds:,.0f} plans/s",
            f"reading alone {reading:.2f} s",
            summary.seconds / reading,
            "<= 3",
            summary.seconds <= 3 * reading,
        ),
        Row(
            "the same against every minute walked",
            f"{summary.seconds:.2f} s",
            f"{plain:.2f} s ({SAMPLE} plans, scaled)",
            summary.seconds / plain,
        ),
    ]


def _symbol(number: int) -> str:
    return f"PAIR{number}USDT"


def _record(folder: Folder) -> None:
    chance = random.Random(1)
    for number in range(SYMBOLS):
        place = folder / "futures/um/daily/klines" / _symbol(number) / "1m"
        place.mkdir(parents=True)
        price = 100.0
        for day in range(DAYS):
            rows = []
            opened = START + timedelta(days=day)
            for minute in range(DAY_MINUTES):
                steps = [price := price * (1 + chance.gauss(0, 0.0004)) for _ in range(4)]
                row = (steps[0], max(steps), min(steps), steps[3])
                ms = int(opened.timestamp() * 1000) + minute * 60_000
                rows.append(",".join([str(ms), *(f"{each:.4f}" for each in row), "1", str(ms + 59_999)]))
            (place / f"{_symbol(number)}-1m-{opened:%Y-%m-%d}.csv").write_text("\n".join(rows) + "\n")


def _wishes(path: Folder) -> list[tuple[str, int, bool]]:
    """Market plans at random minutes with exits a few percent away, as lines; and symbol, minute, direction of each."""
    chance = random.Random(2)
    made = [
        (_symbol(chance.randrange(SYMBOLS)), chance.randrange(DAYS * DAY_MINUTES), chance.random() < 0.5)
        for _ in range(PLANS)
    ]
    lines = [
        {
            "id": n,
            "market_type": "FUTURES",
            "symbol": symbol,
            "direction": "LONG" if up else "SHORT",
            "entry_type": "MARKET",
            "entry_price": None,
            "stop_loss": "80" if up else "125",
            "take_profit": "125" if up else "80",
            "position_size": "100",
            "leverage": 1,
            "opened_at": (START + index * MINUTE).isoformat(),
        }
        for n, (symbol, index, up) in enumerate(made)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


def _bars(recorded: Recorded) -> list[Bar]:
    return [bar for stretch in recorded.stretches() for bar in stretch.bars]


def _walk_all(recorded: Recorded, bars: list[Bar], up: bool) -> None:
    near, far = bars[0].open * Decimal("0.8"), bars[0].open * Decimal("1.25")
    plan = Plan(
        direction=Direction.LONG if up else Direction.SHORT,
        entry_type=EntryType.MARKET,
        limit_price=None,
        stop_loss=near if up else far,
        targets=(Target(far if up else near),),
        position_size=Decimal(100),
        leverage=1,
    )
    at, instrument = bars[0].open_time, recorded.instrument
    order = Order(
        1, 0, instrument, plan, Label(at), at, DEFAULT_FEES[instrument.market], FillModel.OPTIMISTIC, NO_SLIPPAGE
    )
    path = Path(instrument.id, at, bars[-1].open_time + MINUTE, tuple(bars))
    gone = {bar.open_time: Finer(Resolution.PRINTS, gone=True) for bar in bars[:1]}
    walk(enter_at_open(order, bars[0]), path, since=at, finer=gone)
