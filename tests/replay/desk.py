"""Making plans and recordings for replays, running them, and comparing outcomes with the oracle's."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from services.domain.fills import FillModel
from services.usecases.replay import ReplaySummary, replay
from tests.oracle.bars import Minutes

DAY = datetime(2025, 3, 1, tzinfo=UTC)
_NUMBERS = ("entry_price", "exit_price", "quantity", "fees", "profit_loss")
_TIMES = ("entry_time", "exit_time")


def ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def klines(bars: Sequence[str], start: datetime = DAY, unit: int = 1) -> list[str]:
    """Bare rows of consecutive minutes from "open high low close"; "" is a missing one. `unit` 1000: microseconds."""
    rows = []
    for minute, text in enumerate(bars):
        if text:
            opened = ms(start + timedelta(minutes=minute)) * unit
            rows.append(",".join([str(opened), *text.split(), "1.5", str(opened + 60_000 * unit - 1), "100", "7"]))
    return rows


def plan(**changes: object) -> dict:
    """A market LONG on spot AUSDT at DAY: stop 95, target 110."""
    base = {
        "id": "a",
        "market_type": "SPOT",
        "symbol": "AUSDT",
        "direction": "LONG",
        "entry_type": "MARKET",
        "entry_price": None,
        "stop_loss": "95",
        "take_profit": "110",
        "position_size": "100",
        "leverage": 1,
        "opened_at": DAY.isoformat(),
    }
    return base | changes


def run(
    data: Path, plans: Sequence[dict | str], folder: Path, model: str = "optimistic", **options: object
) -> tuple[list[dict], ReplaySummary]:
    """The written lines and the summary; plans that are text are written as they are."""
    wishes, out = folder / "plans.jsonl", folder / "closed.jsonl"
    wishes.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in plans))
    summary = replay(data, wishes, out, FillModel(model), lambda done, total: None, **options)
    return [json.loads(line) for line in out.read_text().splitlines()], summary


def values(line: dict) -> dict:
    """A line as the oracle speaks: numbers as Decimal, times as datetime, without evidence and exits."""
    told = {name: value for name, value in line.items() if name not in ("evidence", "exits", "exit_reason", "funding")}
    told |= {name: Decimal(line[name]) for name in _NUMBERS if line[name] is not None}
    return told | {name: datetime.fromisoformat(line[name]) for name in _TIMES if line[name] is not None}


def random_plan(chance: random.Random, name: str, market: str, symbol: str, recorded: Minutes) -> dict:
    """A plan around a price of the recording; some are placed so tightly that they are rejected or ambiguous."""
    time, price, *_ = chance.choice(recorded.rows)
    sign = 1 if market == "SPOT" else chance.choice((1, -1))
    places = max(0, -price.as_tuple().exponent)
    limit = chance.random() < 0.5
    entry = float(price) * (1 - sign * chance.uniform(-0.001, 0.01) * chance.choice((0.1, 1, 3)) * limit)

    def away(side: int) -> str:
        distance = chance.choice((0.0005, 0.002, 0.005, 0.02, 0.06)) * chance.uniform(0.5, 1.5)
        return f"{entry * (1 + side * distance):.{places}f}"

    early = timedelta(milliseconds=chance.choice((0, 0, 13_500)))
    return plan(
        id=name,
        market_type=market,
        symbol=symbol,
        direction="LONG" if sign > 0 else "SHORT",
        entry_type="LIMIT" if limit else "MARKET",
        entry_price=f"{entry:.{places}f}" if limit else None,
        stop_loss=away(-sign),
        take_profit=away(sign),
        leverage=1 if market == "SPOT" else chance.choice((1, 5, 50)),
        opened_at=(datetime.fromtimestamp(time / 1000, UTC) - early).isoformat(),
    )


def whole_plan(chance: random.Random, name: str, market: str, symbol: str, recorded: Minutes) -> dict:
    """The same with several targets, a stop that moves along, and now and then an entry that expires."""
    wish = random_plan(chance, name, market, symbol, recorded)
    sign = 1 if wish["direction"] == "LONG" else -1
    stop, first = float(wish["stop_loss"]), float(wish.pop("take_profit"))
    places = len(wish["stop_loss"].partition(".")[2])
    count = chance.randint(1, 3)
    shares = {1: ("1",), 2: ("0.5", "0.5"), 3: ("0.3", "0.333", "0.367")}[count]
    targets = [
        {"price": f"{first * (1 + sign * 0.004 * number):.{places}f}", "fraction": share}
        for number, share in enumerate(shares)
    ]
    rules: dict = {"follow_targets": chance.random() < 0.3}
    if count > 1 and chance.random() < 0.5:
        rules["break_even_after"] = 1
    if chance.random() < 0.5:
        behind = max(abs(first - stop) * chance.uniform(0.2, 1), 10.0**-places)
        rules["trailing"] = chance.choice(({"percent": "0.7"}, {"percent": "2"}, {"distance": f"{behind:.{places}f}"}))
        if chance.random() < 0.3:
            rules["trailing"] |= {"activation": f"{first * (1 - sign * 0.001):.{places}f}"}
        targets = [] if chance.random() < 0.3 else targets
    if wish["entry_price"] and chance.random() < 0.3:
        opened = datetime.fromisoformat(wish["opened_at"])
        rules["entry_expires_at"] = (opened + timedelta(minutes=5 * chance.randint(2, 60))).isoformat()
    rules["cancel_on_target"] = bool(targets) and chance.random() < 0.3
    return wish | {"take_profits": targets, "rules": rules}
