"""Random whole plans on a tape: as lines of a replay, and as the oracle takes them."""

import random
from bisect import bisect_left
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple

from tests.oracle import futures
from tests.oracle import plans as oracle
from tests.oracle.margined import Margined
from tests.oracle.money import FACTOR
from tests.oracle.plans import MINUTE
from tests.replay.plan_lines import Wish, line_of
from tests.replay.tape_files import SYMBOL
from tests.replay.tapes import STEP, Tape

_FRACTIONS = (("1",), ("0.5", "0.5"), ("0.3", "0.333", "0.367"))
_HIGH_LEVERAGES = (1, 3, 10, 20, 50)


class Made(NamedTuple):
    """A plan and its truth; `slippage` is the share that its market orders slip by, `truth` None: it is rejected."""

    line: dict[str, Any]
    plan: oracle.Plan
    truth: oracle.Truth | None
    slippage: Decimal
    leverage: int


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
        chance, tape = self.chance, self.tape
        minute = chance.choice(self.minutes)
        sign = 1 if tape.market == "SPOT" else chance.choice((1, -1))
        leverage = self._leverage()
        opened, zone = self.opens[minute], None
        limit = opened - sign * chance.randint(1, 12 * tape.scale) if chance.random() < 0.5 else None
        if limit is not None and chance.random() < 0.3:
            limit, zone = self._zone(opened, limit, sign)
        first = opened if limit is None else limit
        stop = first - sign * self._stop_distance(first, leverage)
        targets = self._targets(first, sign)
        trailing = self._trailing(first, sign)
        if trailing is not None and chance.random() < 0.3:
            targets = []
        slippage = min(Decimal("0.5"), FACTOR[self.model] * self.slippages[minute])
        start = minute * MINUTE
        is_resting = limit is not None and sign * limit < sign * opened
        told = oracle.Plan(
            sign=sign,
            limit=limit if is_resting else None,
            entry=min(sign * first, sign * opened) * sign if limit is not None else slipped(first, slippage, sign),
            stop=stop,
            targets=tuple(targets),
            quantity=0,
            through=int(self.model == "harsh"),
            break_even_after=chance.choice((None, 1)) if len(targets) > 1 else None,
            follow=chance.random() < 0.3,
            trailing=trailing,
            time_stop=chance.choice((None, chance.randint(1, 40) * MINUTE)),
            expires_at=start + chance.randint(1, 40) * MINUTE if limit is not None and chance.random() < 0.5 else None,
            cancel_on_target=limit is not None and bool(targets) and chance.random() < 0.5,
            cancel_on_stop=limit is not None and chance.random() < 0.5,
        )
        told = told._replace(quantity=int(Decimal(100) * leverage / (told.entry * tape.tick) / STEP))
        line = line_of(Wish(number, tape.market, SYMBOL, limit, zone, start, leverage), told, tape.tick)
        truth = self._truth(told, start, leverage) if self._fits(told, leverage) else None
        return Made(line, told, truth, slippage, leverage)

    def _leverage(self) -> int:
        if self.tape.market == "SPOT":
            return 1
        return self.chance.choice(_HIGH_LEVERAGES) if self.tape.marks else self.chance.randint(1, 5)

    def _zone(self, opened: int, near: int, sign: int) -> tuple[int, tuple[int, int]]:
        """An entry zone that begins at `near`, or that the price is in or has crossed; its near edge, and both."""
        if self.chance.random() < 0.3:
            near = opened + sign * self.chance.randint(0, 3 * self.tape.scale)
        edges = near, near - sign * self.chance.randint(1, 4 * self.tape.scale)
        return near, edges if self.chance.random() < 0.5 else edges[::-1]

    def _stop_distance(self, entry: int, leverage: int) -> int:
        """Anywhere near; of high leverage also just before the liquidation price, now and then beyond it."""
        if leverage >= 10 and self.chance.random() < 0.8:
            level = self._level(entry, int(Decimal(100) * leverage / (entry * self.tape.tick) / STEP), leverage, 1)
            assert level is not None
            return max(1, int(entry - level) - self.chance.randint(0, 5))
        return self.chance.randint(1, 20 * self.tape.scale)

    def _targets(self, entry: int, sign: int) -> list[tuple[int, Decimal]]:
        targets, price = [], entry
        for fraction in self.chance.choice(_FRACTIONS):
            price += sign * self.chance.randint(1, 12 * self.tape.scale)
            targets.append((price, Decimal(fraction)))
        return targets

    def _trailing(self, entry: int, sign: int) -> oracle.Trailing | None:
        chance, scale = self.chance, self.tape.scale
        if chance.random() >= 0.4:
            return None
        is_percent = chance.random() < 0.5
        behind = chance.choice(("0.4", "1", "2.5")) if is_percent else str(chance.randint(1, 40 * scale))
        activation = chance.choice((None, entry + sign * chance.randint(1, 9 * scale)))
        return oracle.Trailing(Decimal(behind), is_percent, activation)

    def _fits(self, told: oracle.Plan, leverage: int) -> bool:
        sign, entry, tick = told.sign, told.entry, self.tape.tick
        if not (sign * told.stop < sign * entry and all(sign * entry < sign * price for price, _ in told.targets)):
            return False
        quantity = STEP * told.quantity
        return self.tape.market == "SPOT" or futures.is_allowed(
            SYMBOL, sign, entry * tick, quantity, leverage, told.stop * tick
        )

    def _truth(self, told: oracle.Plan, start: int, leverage: int) -> oracle.Truth:
        later = self.grouped[bisect_left(self.grouped, start, key=lambda each: each.opened) :]
        if not self.tape.marks:
            return oracle.Truth(told, start).run_minutes(later, self.end)
        position = Margined(
            told, start, self.tape.marks, lambda left: self._level(told.entry, left, leverage, told.sign)
        )
        return position.run_minutes(later, self.end)

    def _level(self, entry: int, steps: int, leverage: int, sign: int) -> Decimal | None:
        """The mark price in ticks at which the position is liquidated."""
        price = futures.liquidation(SYMBOL, sign, entry * self.tape.tick, STEP * steps, leverage)
        return None if price is None else price / self.tape.tick


def slipped(ticks: int, share: Decimal, sign: int) -> int:
    """A market order's price: rounded to the tick against it."""
    return int((ticks * (1 + sign * share)).to_integral_value(ROUND_CEILING if sign > 0 else ROUND_FLOOR))
