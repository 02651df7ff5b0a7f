"""Thousands of whole plans replayed over minutes made of a known tape: what every print says is what comes out."""

import json
import random
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import plans as oracle
from tests.oracle.plans import MINUTE
from tests.replay.desk import DAY, ms, run
from tests.simulator.recordings import write

PLANS = 5_000
MINUTES = 120
TICK, STEP = Decimal("0.1"), Decimal("0.001")
KLINES = "futures/um/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.csv"
PRINTS = "futures/um/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.csv"
_FRACTIONS = (("1",), ("0.5", "0.5"), ("0.3", "0.333", "0.367"))
_AMBIGUOUS_MAX = 0.5

Prints = list[tuple[int, int]]
"""(ms after DAY, ticks)."""


def tape(chance: random.Random) -> Prints:
    """A walk in small steps with jumps, silent minutes, and a whole run of them."""
    ticks, prints = 1000, []
    for minute in range(MINUTES):
        if chance.random() < 0.1 or 50 <= minute < 55:
            continue
        for offset in sorted(chance.sample(range(MINUTE), chance.randint(1, 12))):
            ticks = max(500, ticks + (chance.randint(-15, 15) if chance.random() < 0.03 else chance.randint(-3, 3)))
            prints.append((minute * MINUTE + offset, ticks))
    return prints


def record(folder: Path, prints: Prints, *, with_prints: bool) -> None:
    rows = []
    for minute, group in groupby(prints, key=lambda each: each[0] // MINUTE):
        seen = [price for _, price in group]
        opened = ms(DAY) + minute * MINUTE
        prices = ",".join(str(TICK * each) for each in (seen[0], max(seen), min(seen), seen[-1]))
        rows.append(f"{opened},{prices},1,{opened + MINUTE - 1},100,{len(seen)}")
    write(folder, KLINES, rows)
    if with_prints:
        write(folder, PRINTS, [f"{n},{TICK * p},1,{n},{n},{ms(DAY) + t},true" for n, (t, p) in enumerate(prints)])
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": str(TICK)},
        {"filterType": "LOT_SIZE", "stepSize": str(STEP), "minQty": str(STEP)},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ]
    row = {"symbol": "AUSDT", "status": "TRADING", "baseAsset": "A", "quoteAsset": "USDT", "filters": filters}
    row |= {"contractType": "PERPETUAL"}
    (folder / "exchangeInfo.json").write_text(json.dumps({"symbols": [row]}))


def made(chance: random.Random, number: int, prints: Prints) -> tuple[dict[str, Any], oracle.Truth]:
    """A plan somewhere on the tape as a line, and what becomes of it."""
    opens = {time // MINUTE: price for time, price in reversed(prints)}
    minute = chance.choice(sorted(opens)[:-3])
    sign, leverage = chance.choice((1, -1)), chance.randint(1, 5)
    resting = chance.random() < 0.5
    entry = opens[minute] - sign * (chance.randint(1, 12) if resting else 0)
    stop = entry - sign * chance.randint(1, 20)
    targets, price = [], entry
    for fraction in chance.choice(_FRACTIONS):
        price += sign * chance.randint(1, 12)
        targets.append((price, Decimal(fraction)))
    trailing = None
    if chance.random() < 0.4:
        is_percent = chance.random() < 0.5
        distance = Decimal(chance.choice(("0.4", "1", "2.5"))) if is_percent else Decimal(chance.randint(1, 40))
        trailing = oracle.Trailing(distance, is_percent, chance.choice((None, entry + sign * chance.randint(1, 9))))
        targets = [] if chance.random() < 0.3 else targets
    quantity = int(Decimal(100) * leverage / (entry * TICK) / STEP)
    start = minute * MINUTE
    told = oracle.Plan(
        sign=sign,
        limit=entry if resting else None,
        entry=entry,
        stop=stop,
        targets=tuple(targets),
        quantity=quantity,
        break_even_after=chance.choice((None, 1)) if len(targets) > 1 else None,
        follow=chance.random() < 0.3,
        trailing=trailing,
        time_stop=chance.choice((None, chance.randint(1, 40) * MINUTE)),
        expires_at=start + chance.randint(1, 40) * MINUTE if resting and chance.random() < 0.5 else None,
        cancel_on_target=resting and bool(targets) and chance.random() < 0.5,
        cancel_on_stop=resting and chance.random() < 0.5,
    )
    end = max(opens) * MINUTE + MINUTE
    return _line(number, told, start, leverage), oracle.Truth(told, start).run(prints, end)


def _line(number: int, told: oracle.Plan, start: int, leverage: int) -> dict[str, Any]:
    rules: dict[str, Any] = {"follow_targets": told.follow}
    if told.break_even_after is not None:
        rules["break_even_after"] = told.break_even_after
    if told.trailing is not None:
        distance = told.trailing.distance
        trail = {"percent": str(distance)} if told.trailing.is_percent else {"distance": str(TICK * distance)}
        if told.trailing.activation is not None:
            trail["activation"] = str(TICK * told.trailing.activation)
        rules["trailing"] = trail
    if told.time_stop is not None:
        rules["time_stop"] = f"PT{told.time_stop // MINUTE}M"
    if told.expires_at is not None:
        rules["entry_expires_at"] = (DAY + timedelta(milliseconds=told.expires_at)).isoformat()
    rules |= {name: True for name in ("cancel_on_target", "cancel_on_stop") if getattr(told, name)}
    return {
        "id": number,
        "market_type": "FUTURES",
        "symbol": "AUSDT",
        "direction": "LONG" if told.sign > 0 else "SHORT",
        "entry_type": "MARKET" if told.limit is None else "LIMIT",
        "entry_price": None if told.limit is None else str(TICK * told.limit),
        "stop_loss": str(TICK * told.stop),
        "take_profits": [{"price": str(TICK * price), "fraction": str(share)} for price, share in told.targets],
        "rules": rules,
        "position_size": "100",
        "leverage": leverage,
        "opened_at": (DAY + timedelta(milliseconds=start)).isoformat(),
    }


def came_to(line: dict[str, Any]) -> tuple[Any, ...]:
    exits = [
        (each["reason"], each["time"][:16], Decimal(each["price"]), Decimal(each["quantity"])) for each in line["exits"]
    ]
    return line["status"], line["exit_reason"], exits


def expected(truth: oracle.Truth) -> tuple[Any, ...]:
    exits = [
        (
            each.reason,
            (DAY + timedelta(minutes=each.minute)).isoformat()[:16],
            TICK * each.price,
            STEP * each.quantity,
        )
        for each in truth.exits
    ]
    reason = truth.cancelled_for or (truth.exits[-1].reason if truth.exits and not truth.left else None)
    return truth.status, reason, exits


@pytest.mark.parametrize("with_prints", [True, False])
def test_plans_over_minutes_of_a_known_tape(tmp_path: Path, with_prints: bool):
    chance = random.Random(20250301)
    prints = tape(chance)
    record(tmp_path, prints, with_prints=with_prints)
    plans, truths = zip(*(made(chance, number, prints) for number in range(PLANS)), strict=True)
    lines, summary = run(tmp_path, plans, tmp_path)
    assert not summary.problems
    told = {line["id"]: line for line in lines}
    assert len(told) == PLANS
    ambiguous = {number for number, line in told.items() if line["ambiguous"]}
    wrong = {
        number: (came_to(told[number]), expected(truth))
        for number, truth in enumerate(truths)
        if number not in ambiguous and came_to(told[number]) != expected(truth)
    }
    assert not wrong, (len(wrong), next(iter(wrong.items())), plans[next(iter(wrong))])
    if with_prints:
        assert not ambiguous
    else:
        assert 0 < len(ambiguous) < _AMBIGUOUS_MAX * PLANS
    reasons = {each.reason for truth in truths for each in truth.exits} | {truth.cancelled_for for truth in truths}
    assert reasons >= {"take_profit", "stop_loss", "break_even", "target_stop", "trailing_stop", "time_stop"}
    assert reasons >= {"entry_expired", "target_before_entry", "stop_before_entry"}
