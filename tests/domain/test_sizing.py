"""Sizes: a position at risk loses what was risked when its stop is hit, whatever the fees and the slippage."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.equity import Position, marked
from services.domain.errors import Conflict, InvalidInput
from services.domain.fills import FillModel, Slippage
from services.domain.limits import Limits, Usage, check_leverage, check_usage
from services.domain.market import UNFILTERED, Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import enter_at_quote, rest
from services.domain.path import MINUTE, Path
from services.domain.plan import Direction
from services.domain.sizing import Sizing, check_sizing
from services.domain.trade import TradeStatus
from services.domain.walk import walk
from tests.domain.perpetuals import START, bar, order

D = Decimal
GRID = Filters(D("0.01"), D("0.001"), D("0.001"), D(5))


def sized(sizing: Sizing, equity: str = "10000", *, limit: object = None, filters: Filters = UNFILTERED, **changes):
    wish = order(limit=limit, leverage=5)
    instrument = Instrument(1, Market.FUTURES, "XUSDT", "X", InstrumentStatus.TRADING, filters)
    wish = msgspec.structs.replace(wish, sizing=sizing, equity=D(equity), instrument=instrument, **changes)
    return rest(wish) if limit else enter_at_quote(wish, Quote(D(100), D(100), D(100), START))


def test_nothing_given_is_a_margin_of_100():
    assert sized(Sizing()).plan.position_size == 100
    assert sized(Sizing(position_size=D(250))).reserved == 250


def test_percent_of_equity_is_the_margin():
    assert sized(Sizing(equity_percent=D("2.5"))).reserved == 250
    for percent in ("0.01", "100"):
        check_sizing(Sizing(equity_percent=D(percent)))


@given(
    st.decimals("0.1", "5", places=2),
    st.sampled_from(FillModel),
    st.decimals("0", "0.01", places=4),
    st.sampled_from([None, "99"]),
)
def test_a_hit_stop_costs_what_was_risked(percent, model, half_spread, limit):
    """To the cent of rounding, as long as nothing gaps."""
    slippage = Slippage(half_spread, D("0.002"))
    trade = sized(Sizing(risk_percent=percent), limit=limit, fill_model=model, slippage=slippage)
    # The limit is touched in one minute, harsh models want it traded through; the stop in the next.
    entry = bar(1, 100, 100, "98.9", 99)
    path = Path(1, START, START + 3 * MINUTE, (entry, bar(2, 99, 99, 95, 95)))
    ended = walk(trade, path, since=START).trade
    assert ended.status is TradeStatus.CLOSED_SL
    assert abs(ended.profit_loss + 10000 * percent / 100) < D("0.001")


def test_the_step_only_ever_takes_risk_away():
    trade = sized(Sizing(risk_percent=D(1)), filters=GRID)
    ended = walk(trade, Path(1, START, START + 3 * MINUTE, (bar(2, 100, 100, 95, 95),)), since=START).trade
    assert -100 <= ended.profit_loss < D("-99.9")


@pytest.mark.parametrize("equity", ["0", "-5"])
def test_without_equity_there_is_nothing_to_risk(equity):
    with pytest.raises(InvalidInput, match="equity") as refused:
        sized(Sizing(risk_percent=D(1)), equity)
    assert refused.value.code == "no_equity"


@pytest.mark.parametrize(
    ("sizing", "field"),
    [
        (Sizing(D(1), risk_percent=D(1)), "risk_percent"),
        (Sizing(None, D(1), D(1)), "risk_percent"),
        (Sizing(risk_percent=D(0)), "risk_percent"),
        (Sizing(equity_percent=D("100.1")), "equity_percent"),
    ],
)
def test_a_size_that_makes_no_sense_is_refused_by_its_field(sizing, field):
    with pytest.raises(InvalidInput) as refused:
        check_sizing(sizing)
    assert refused.value.field == field


def test_equity_is_balance_and_what_closing_would_bring():
    long = Position(Market.FUTURES, "AUSDT", Direction.LONG, D(2), D(200), D("0.5"))
    short = Position(Market.FUTURES, "BUSDT", Direction.SHORT, D(10), D(500), D("-0.25"))
    found = marked(D(1000), [(long, D(110)), (short, D(52))])
    assert found.unrealized == (220 - 200 - D("0.5")) - (520 - 500) + D("0.25")
    assert found.equity == 1000 + found.unrealized


class TestLimits:
    def test_no_limit_refuses_nothing(self):
        check_usage(Limits(), Usage(10**6, D("1e12")), sized(Sizing()))
        check_leverage(Limits(), 150)

    def test_each_refusal_names_the_number(self):
        trade = sized(Sizing())  # 500 USDT
        check_usage(Limits(3, D(1500)), Usage(2, D(1000)), trade)
        with pytest.raises(Conflict, match="3 live trades, its limit is 3"):
            check_usage(Limits(max_open_trades=3), Usage(3, D(0)), trade)
        with pytest.raises(Conflict, match=r"LONG would stand at 1500\.01 USDT.* 1500"):
            check_usage(Limits(max_symbol_exposure=D(1500)), Usage(0, D("1000.01")), trade)
        with pytest.raises(InvalidInput, match="allows leverage 5, got 6"):
            check_leverage(Limits(max_leverage=5), 6)
