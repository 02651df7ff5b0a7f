"""Any plan on any grid: prices on the tick and against the trader, quantities on the step and within what was asked."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import InvalidInput
from services.domain.fees import FeeRates, FillRole
from services.domain.fills import FillModel, Slippage
from services.domain.market import Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import Order, enter_at_quote, rest, size
from services.domain.plan import Direction, EntryType, Plan, Rules, Target, Trailing
from services.domain.planning import check_plan, on_grid
from services.domain.trade import Label, Trade
from tests.domain.tapes import START

D = Decimal
HALF_UNIT = D("0.000000005")
"""Half of what the ledger counts in."""

_steps = st.sampled_from([D(text) for text in ("0", "0.00000001", "0.0001", "0.01", "0.05", "0.1", "1", "100")])
_prices = st.decimals("0.00000001", "200000", places=8).filter(lambda value: value > 0)
_wild = st.decimals("-1", "200000", places=8)
_amounts = st.decimals("0.01", "1000000", places=2)
_rates = st.decimals("0", "0.01", places=5)
_filters = st.builds(
    Filters,
    tick_size=_steps,
    step_size=_steps,
    min_quantity=st.sampled_from([D(0), D("0.001"), D(1), D(30)]),
    min_notional=st.sampled_from([D(0), D(5), D(100)]),
)
_trailings = st.builds(
    Trailing,
    distance=st.none() | _prices,
    percent=st.none() | st.decimals("0.1", "60", places=2),
    activation=st.none() | _prices,
)


def _plans(prices: st.SearchStrategy[D]) -> st.SearchStrategy[Plan]:
    """Plans whose prices stand anyhow."""
    return st.builds(
        lambda limit, **others: Plan(
            entry_type=EntryType.LIMIT if limit is not None else EntryType.MARKET, limit_price=limit, **others
        ),
        limit=st.none() | prices,
        direction=st.sampled_from(Direction),
        stop_loss=prices,
        targets=st.lists(st.builds(Target, prices, st.just(D("0.25"))), max_size=4).map(tuple),
        position_size=_amounts,
        leverage=st.integers(1, 150),
        rules=st.builds(Rules, trailing=st.none() | _trailings, entry_zone=st.none() | prices),
    )


def _levels(plan: Plan) -> list[tuple[D, int]]:
    """Each price of a plan and which way it goes: +1 towards profit, -1 away from it."""
    rules, towards = plan.rules, []
    away = [plan.limit_price, plan.stop_loss, rules.entry_zone]
    if rules.trailing is not None:
        towards.append(rules.trailing.activation)
    towards += [target.price for target in plan.targets]
    sides = [(price, -1) for price in away] + [(price, +1) for price in towards]
    return [(price, side * plan.direction.sign) for price, side in sides if price is not None]


def _refusal(act: Callable[[], object]) -> InvalidInput | None:
    try:
        act()
    except InvalidInput as refused:
        return refused
    return None


@given(_plans(_prices), _filters)
def test_every_price_goes_to_the_tick_its_own_way_and_no_further(plan, filters):
    tick, placed = filters.tick_size, on_grid(plan, filters)
    for (before, way), (after, _) in zip(_levels(plan), _levels(placed), strict=True):
        if tick == 0:
            assert after == before
        else:
            assert after % tick == 0
            assert 0 <= (after - before) * way < tick
    if plan.rules.trailing is not None and plan.rules.trailing.distance is not None:
        assert placed.rules.trailing is not None
        assert placed.rules.trailing.distance is not None
        assert 0 <= placed.rules.trailing.distance - plan.rules.trailing.distance < (tick or 1)
        assert placed.rules.trailing.distance % (tick or placed.rules.trailing.distance) == 0
    assert on_grid(placed, filters) == placed
    assert (placed.direction, placed.position_size, placed.leverage) == (
        plan.direction,
        plan.position_size,
        plan.leverage,
    )


@st.composite
def _ladders(draw: st.DrawFn) -> Plan:
    """Sound resting plans but for, now and then, two prices that have changed places or one of zero or below."""
    direction = draw(st.sampled_from(Direction))
    count = draw(st.integers(1, 4))
    rungs = sorted(draw(st.lists(_prices, min_size=count + 2, max_size=count + 2)))[:: direction.sign]
    if draw(st.booleans()):
        first, second = draw(st.integers(0, count + 1)), draw(st.integers(0, count + 1))
        rungs[first], rungs[second] = rungs[second], rungs[first]
    if draw(st.integers(0, 4)) == 0:
        rungs[draw(st.integers(0, count + 1))] = draw(_wild)
    stop, limit, *targets = rungs
    shares = [D(1) - D("0.1") * (count - 1)] + [D("0.1")] * (count - 1)
    return Plan(
        direction=direction,
        entry_type=EntryType.LIMIT,
        limit_price=limit,
        stop_loss=stop,
        targets=tuple(map(Target, targets, shares)),
        position_size=draw(_amounts),
        leverage=draw(st.integers(1, 150)),
    )


def _instrument(filters: Filters) -> Instrument:
    return Instrument(1, Market.FUTURES, "BTCUSDT", "BTC", InstrumentStatus.TRADING, filters)


@given(_ladders(), _filters)
def test_a_plan_passes_where_its_prices_stand_in_order_on_the_grid_and_nowhere_else(plan, filters):
    placed = on_grid(plan, filters)
    assert placed.limit_price is not None
    rungs = [placed.stop_loss, placed.limit_price, *(target.price for target in placed.targets)]
    sound = all((after - before) * placed.direction.sign > 0 for before, after in pairwise(rungs))
    refused = _refusal(lambda: check_plan(placed, _instrument(filters)))
    assert (refused is None) == (sound and min(placed.stop_loss, *rungs[2:]) > 0)
    assert refused is None or refused.field in {"stop_loss", "take_profit"}


@given(_plans(_prices), _prices, _filters)
def test_a_size_is_the_most_that_fits_or_is_refused_as_too_small(plan, entry, filters):
    bought, step = plan.position_size * plan.leverage, filters.step_size
    refused = _refusal(lambda: size(plan, entry, filters))
    if refused is not None:
        assert (refused.code, refused.field) == ("below_minimum", "position_size")
        best = bought / entry // step * step if step else bought / entry
        assert best == 0 or best < filters.min_quantity or best * entry < filters.min_notional
        return
    quantity = size(plan, entry, filters)
    assert quantity > 0
    assert quantity >= filters.min_quantity
    assert quantity * entry >= filters.min_notional
    if step:
        assert quantity % step == 0
        assert quantity * entry <= bought < (quantity + step) * entry
    else:
        assert abs(quantity * entry - bought) < HALF_UNIT


@given(_ladders(), _filters, st.builds(FeeRates, _rates, _rates), st.booleans(), st.sampled_from(FillModel))
def test_what_is_opened_is_on_the_grid_within_the_margin_asked_and_pays_its_role(plan, filters, fees, resting, model):
    plan = on_grid(plan, filters)
    slippage = Slippage(D("0.0005"), D("0.002"))
    order = Order(1, 1, _instrument(filters), plan, Label(START, "test"), START, fees, model, slippage)
    limit = plan.limit_price
    assert limit is not None

    def opened() -> Trade:
        check_plan(plan, order.instrument)
        if resting:
            return rest(order)
        market = msgspec.structs.replace(plan, entry_type=EntryType.MARKET, limit_price=None)
        return enter_at_quote(msgspec.structs.replace(order, plan=market), Quote(limit, limit, limit, START))

    refused = _refusal(opened)
    if refused is not None:
        assert refused.field in {"stop_loss", "take_profit", "take_profits", "position_size"}
        return
    trade = opened()
    price = trade.entry.price if trade.entry else limit
    role, rate = (FillRole.TAKER, fees.taker) if trade.entry else (FillRole.MAKER, fees.maker)
    worth = trade.quantity * price
    assert worth / plan.leverage <= plan.position_size + HALF_UNIT
    assert abs(fees.fee(role, price, trade.quantity) - worth * rate) <= HALF_UNIT
    if trade.entry is None:
        assert abs(trade.reserved - worth / plan.leverage - worth * rate) <= 2 * HALF_UNIT
        return
    assert (price - limit) * plan.direction.sign >= 0
    assert trade.entry.role is role
    assert trade.entry.fee == fees.fee(role, price, trade.quantity)
    assert abs(trade.reserved - worth / plan.leverage) <= HALF_UNIT
    assert not filters.tick_size or price % filters.tick_size == 0
