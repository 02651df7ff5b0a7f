"""Made-up plans with everything a plan can have, on made-up tapes, in the domain's words and in the oracle's."""

from decimal import Decimal
from typing import NamedTuple

import msgspec
from hypothesis import strategies as st

from services.domain.fees import DEFAULT_FEES
from services.domain.fills import FillModel
from services.domain.market import Quote
from services.domain.opening import Order, enter_at_quote, rest
from services.domain.plan import Direction, EntryType, Plan, Rules, Target, Trailing
from services.domain.trade import Label, Trade
from tests.domain.tapes import INSTRUMENT, MINUTE, MS, SLIPPAGE, Tape, at, price, tapes
from tests.oracle import plans as oracle

_FRACTIONS = {1: ("1",), 2: ("0.5", "0.5"), 3: ("0.3", "0.333", "0.367")}


class PlanCase(NamedTuple):
    """A trade with a whole plan on a tape, and what becomes of it."""

    tape: Tape
    trade: Trade
    plan: oracle.Plan
    start: int

    def truth(self) -> oracle.Truth:
        return oracle.Truth(self.plan, self.start).run(self.tape.prints, self.tape.end)


@st.composite
def plan_cases(draw: st.DrawFn) -> PlanCase:
    tape = draw(tapes())
    sign = draw(st.sampled_from((1, -1)))
    model = draw(st.sampled_from((FillModel.OPTIMISTIC, FillModel.HARSH)))
    start = draw(st.sampled_from((0, MINUTE)) | st.integers(0, 2 * MINUTE))
    limit_distance = draw(st.none() | st.integers(1, 5))
    last = tape.last_before(start)
    entry = last - sign * (limit_distance or 0)
    stop = entry - sign * draw(st.integers(1, 8))
    target, targets = entry, []
    for fraction in _FRACTIONS[draw(st.integers(1, 3))]:
        target += sign * draw(st.integers(5 if not targets and limit_distance is None else 1, 6))
        targets.append((target, Decimal(fraction)))
    trailing = draw(st.none() | _trailings(entry, sign))
    if trailing is not None and draw(st.booleans()):
        targets = []
    time_stop = draw(st.none() | st.integers(1, 150)) if draw(st.booleans()) else None
    resting = limit_distance is not None
    told = oracle.Plan(
        sign=sign,
        limit=entry if resting else None,
        entry=entry,
        stop=stop,
        targets=tuple(targets),
        quantity=0,
        through=1 if model is FillModel.HARSH else 0,
        break_even_after=draw(st.none() | st.integers(1, len(targets) - 1)) if len(targets) > 1 else None,
        follow=draw(st.booleans()),
        trailing=trailing,
        time_stop=None if time_stop is None else time_stop * 1000,
        expires_at=draw(st.none() | st.integers(start + 1, 4 * MINUTE)) if resting else None,
        cancel_on_target=resting and bool(targets) and draw(st.booleans()),
        cancel_on_stop=resting and draw(st.booleans()),
    )
    trade = _trade(told, start, model, last)
    steps = int(trade.quantity / INSTRUMENT.filters.step_size)
    assert trade.entry is not None or resting
    filled = told.entry if trade.entry is None else int(trade.entry.price / price(1))
    return PlanCase(tape, trade, told._replace(quantity=steps, entry=filled), start)


@st.composite
def _trailings(draw: st.DrawFn, entry: int, sign: int) -> oracle.Trailing:
    is_percent = draw(st.booleans())
    distance = (
        draw(st.sampled_from(("0.3", "0.5", "1.25")))
        if is_percent
        else str(draw(st.integers(1, 25) | st.integers(20, 60)))
    )
    activation = draw(st.none() | st.integers(1, 6).map(lambda ticks: entry + sign * ticks))
    return oracle.Trailing(Decimal(distance), is_percent, activation)


def _trade(told: oracle.Plan, start: int, model: FillModel, last: int) -> Trade:
    trailing = None
    if told.trailing is not None:
        distance, activation = told.trailing.distance, told.trailing.activation
        trailing = Trailing(
            distance=None if told.trailing.is_percent else price(1) * distance,
            percent=distance if told.trailing.is_percent else None,
            activation=None if activation is None else price(activation),
        )
    plan = Plan(
        direction=Direction.LONG if told.sign > 0 else Direction.SHORT,
        entry_type=EntryType.MARKET if told.limit is None else EntryType.LIMIT,
        limit_price=None if told.limit is None else price(told.limit),
        stop_loss=price(told.stop),
        targets=tuple(Target(price(each), fraction) for each, fraction in told.targets),
        position_size=Decimal(100),
        leverage=5,
        rules=Rules(
            break_even_after=told.break_even_after,
            follow_targets=told.follow,
            trailing=trailing,
            time_stop=None if told.time_stop is None else told.time_stop * MS,
            entry_expires_at=None if told.expires_at is None else at(told.expires_at),
            cancel_on_target=told.cancel_on_target,
            cancel_on_stop=told.cancel_on_stop,
        ),
    )
    fees = DEFAULT_FEES[INSTRUMENT.market]
    slippage = msgspec.structs.replace(SLIPPAGE, average_range=Decimal(0))  # a market entry fills at the quote itself
    order = Order(1, 1, INSTRUMENT, plan, Label(at(start), "test"), at(start), fees, model, slippage)
    if told.limit is not None:
        return rest(order)
    return enter_at_quote(order, Quote(price(last), price(last), price(last), at(start)))
