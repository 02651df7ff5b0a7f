"""Random whole plans on a tape: as lines of a replay, and as the oracle takes them."""

import random
from bisect import bisect_left
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from tests.oracle import plans as oracle
from tests.oracle.money import FACTOR
from tests.oracle.plans import MINUTE
from tests.replay.desk import DAY
from tests.replay.tapes import STEP, Tape

_FRACTIONS = (("1",), ("0.5", "0.5"), ("0.3", "0.333", "0.367"))


class Made(NamedTuple):
    """A plan and its truth; `slippage` is the share that its market orders slip by, `truth` None: it is rejected."""

    line: dict[str, Any]
    truth: oracle.Truth | None
    slippage: Decimal
    resting: bool


class Maker:
    """Plans on one tape in one fill model."""

    def __init__(self, chance: random.Random, tape: Tape, model: str) -> None:
        self.chance, self.tape, self.model = chance, tape, model
        self.opens, self.slippages = tape.opens, tape.slippages()
        self.grouped = oracle.by_minute(tape.prints)
        self.minutes = sorted(self.opens)[:-3]
        self.end = max(self.opens) * MINUTE + MINUTE

    def make(self, number: int) -> Made:
        """A plan somewhere on the tape as a line, and what becomes of it."""
        chance, scale = self.chance, self.tape.scale
        minute = chance.choice(self.minutes)
        sign, leverage = chance.choice((1, -1)), chance.randint(1, 5)
        resting = chance.random() < 0.5
        entry = self.opens[minute] - sign * (chance.randint(1, 12 * scale) if resting else 0)
        stop = entry - sign * chance.randint(1, 20 * scale)
        targets, price = [], entry
        for fraction in chance.choice(_FRACTIONS):
            price += sign * chance.randint(1, 12 * scale)
            targets.append((price, Decimal(fraction)))
        trailing = None
        if chance.random() < 0.4:
            is_percent = chance.random() < 0.5
            behind = chance.choice(("0.4", "1", "2.5")) if is_percent else str(chance.randint(1, 40 * scale))
            activation = chance.choice((None, entry + sign * chance.randint(1, 9 * scale)))
            trailing = oracle.Trailing(Decimal(behind), is_percent, activation)
            targets = [] if chance.random() < 0.3 else targets
        slippage = min(Decimal("0.5"), FACTOR[self.model] * self.slippages[minute])
        start = minute * MINUTE
        told = oracle.Plan(
            sign=sign,
            limit=entry if resting else None,
            entry=entry if resting else _slipped(entry, slippage, sign),
            stop=stop,
            targets=tuple(targets),
            quantity=0,
            through=int(self.model == "harsh"),
            break_even_after=chance.choice((None, 1)) if len(targets) > 1 else None,
            follow=chance.random() < 0.3,
            trailing=trailing,
            time_stop=chance.choice((None, chance.randint(1, 40) * MINUTE)),
            expires_at=start + chance.randint(1, 40) * MINUTE if resting and chance.random() < 0.5 else None,
            cancel_on_target=resting and bool(targets) and chance.random() < 0.5,
            cancel_on_stop=resting and chance.random() < 0.5,
        )
        told = told._replace(quantity=int(Decimal(100) * leverage / (told.entry * self.tape.tick) / STEP))
        line = _line(number, told, start, leverage, self.tape.tick)
        fits = sign * stop < sign * told.entry and all(sign * told.entry < sign * price for price, _ in targets)
        later = self.grouped[bisect_left(self.grouped, start, key=lambda each: each.opened) :]
        truth = oracle.Truth(told, start).run_minutes(later, self.end) if fits else None
        return Made(line, truth, slippage, resting)


def _slipped(ticks: int, share: Decimal, sign: int) -> int:
    """A market order's price: rounded to the tick against it."""
    return int((ticks * (1 + sign * share)).to_integral_value(ROUND_CEILING if sign > 0 else ROUND_FLOOR))


def left_at(ticks: int, made: Made, reason: str, sign: int) -> int:
    """The price of an exit, in ticks: targets are limits, the rest market orders."""
    return ticks if reason == "take_profit" else _slipped(ticks, made.slippage, -sign)


def _line(number: int, told: oracle.Plan, start: int, leverage: int, tick: Decimal) -> dict[str, Any]:
    rules: dict[str, Any] = {"follow_targets": told.follow}
    if told.break_even_after is not None:
        rules["break_even_after"] = told.break_even_after
    if told.trailing is not None:
        distance = told.trailing.distance
        trail = {"percent": str(distance)} if told.trailing.is_percent else {"distance": str(tick * distance)}
        if told.trailing.activation is not None:
            trail["activation"] = str(tick * told.trailing.activation)
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
        "entry_price": None if told.limit is None else str(tick * told.limit),
        "stop_loss": str(tick * told.stop),
        "take_profits": [{"price": str(tick * price), "fraction": str(share)} for price, share in told.targets],
        "rules": rules,
        "position_size": "100",
        "leverage": leverage,
        "opened_at": (DAY + timedelta(milliseconds=start)).isoformat(),
    }
