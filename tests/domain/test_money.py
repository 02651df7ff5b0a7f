"""Parsing, rounding, fees and slippage, by examples worked out by hand and by properties."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import InvalidData
from services.domain.fees import DEFAULT_FEES, FeeRates, FillRole
from services.domain.fills import (
    FillModel,
    Slippage,
    buy_price,
    half_spread,
    next_average_range,
    sell_price,
)
from services.domain.market import Market, Quote
from services.domain.money import ceil_to, floor_to, ledger_amount, parse_amount, parse_price
from tests.domain.tapes import START

D = Decimal
prices = st.decimals("0.00000001", "1000000", places=8)
steps = st.sampled_from([D(text) for text in ("0.00000001", "0.0001", "0.01", "0.05", "1", "25")])


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "-NaN", "Infinity", "-Infinity", "0", "0.00", "-0", "-1", "", "1,0", "x"]
)
def test_what_is_no_price(text):
    with pytest.raises(InvalidData):
        parse_price(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-0.1", "", "ten"])
def test_what_is_no_amount(text):
    with pytest.raises(InvalidData):
        parse_amount(text)


def test_prices_and_amounts_are_exact():
    assert parse_price("0.1") + parse_price("0.2") == D("0.3")
    assert parse_amount("0.00000000") == 0


@pytest.mark.parametrize(
    ("value", "step", "down", "up"),
    [
        ("100.05", "0.1", "100.0", "100.1"),
        ("100.1", "0.1", "100.1", "100.1"),
        ("0.0000129", "0.000001", "0.000012", "0.000013"),
        ("7", "5", "5", "10"),
        ("0.3", "0.1", "0.3", "0.3"),
        ("1.23456", "0", "1.23456", "1.23456"),
    ],
)
def test_rounding_to_a_grid(value, step, down, up):
    assert floor_to(D(value), D(step)) == D(down)
    assert ceil_to(D(value), D(step)) == D(up)


@given(prices, steps)
def test_rounding_moves_less_than_a_step_and_lands_on_the_grid(value, step):
    down, up = floor_to(value, step), ceil_to(value, step)
    assert down <= value <= up
    assert value - down < step
    assert up - value < step
    assert down % step == up % step == 0


@pytest.mark.parametrize(
    ("value", "booked"),
    [
        ("0.123456785", "0.12345678"),
        ("0.123456775", "0.12345678"),
        ("-0.000000015", "-0.00000002"),
        ("2", "2.00000000"),
    ],
)
def test_the_ledger_rounds_half_to_even_at_eight_places(value, booked):
    assert f"{ledger_amount(D(value)):f}" == booked


def test_fees_by_market_and_role():
    assert DEFAULT_FEES[Market.SPOT] == FeeRates(D("0.001"), D("0.001"))
    futures = DEFAULT_FEES[Market.FUTURES]
    assert futures.fee(FillRole.MAKER, D("60000"), D("0.01")) == D("0.12")
    assert futures.fee(FillRole.TAKER, D("60000"), D("0.01")) == D("0.30")


def test_slippage_by_fill_model():
    slippage = Slippage(half_spread=D("0.0003"), average_range=D("0.004"))
    models = (FillModel.OPTIMISTIC, FillModel.REALISTIC, FillModel.HARSH)
    assert [slippage.of_last_price(model) for model in models] == [0, D("0.0007"), D("0.0014")]
    assert [slippage.of_quote(model) for model in models] == [0, D("0.0004"), D("0.0008")]


def test_slippage_never_takes_more_than_half_the_price():
    wild = Slippage(half_spread=D("0.2"), average_range=D("30"))
    assert wild.of_last_price(FillModel.HARSH) == wild.of_quote(FillModel.REALISTIC) == D("0.5")
    assert wild.of_last_price(FillModel.OPTIMISTIC) == 0


def test_slipped_prices_round_against_the_trader():
    assert sell_price(D("100"), D("0.0007"), D("0.1")) == D("99.9")
    assert buy_price(D("100"), D("0.0007"), D("0.1")) == D("100.1")
    assert sell_price(D("100"), D("0.0007"), D(0)) == D("99.93")
    assert sell_price(D("0.1"), D("0.0007"), D("0.1")) == D("0.1")
    assert sell_price(D("100.05"), D(0), D("0.1")) == buy_price(D("100.05"), D(0), D("0.1")) == D("100.05")


@given(prices, st.decimals("0", "0.5", places=12), st.sampled_from([D(0), D("0.00000001")]))
def test_slippage_never_helps_and_never_reaches_zero(price, share, tick):
    assert 0 < sell_price(price, share, tick) <= price
    assert buy_price(price, share, tick) >= price


def test_half_the_spread_is_a_fraction_of_the_mid():
    assert half_spread(Quote(D("99"), D("101"), D("100"), START)) == D("0.01")
    assert half_spread(Quote(D("101"), D("99"), D("100"), START)) == 0


def test_the_average_range_is_wilders():
    first = next_average_range(D(0), D("102"), D("100"), D("100"))
    assert first == D("0.02")
    assert next_average_range(first, D("134"), D("100"), D("100")) == D("0.042857142857")


def test_a_bar_further_than_its_own_price_counts_as_its_price():
    assert next_average_range(D(0), D("250"), D("50"), D("100")) == 1


@given(st.integers(2, 300), st.decimals("0", "0.05", places=6), st.decimals("0.0001", "0.05", places=6))
def test_a_bar_of_many_minutes_counts_as_so_many_of_one(minutes, before, seen):
    """Each with its range over the root of their number."""
    bar = (D(100) + 100 * seen, D(100), D(100))
    average = before
    for _ in range(minutes):
        average = next_average_range(average, D(100) + 100 * seen / D(minutes).sqrt(), D(100), D(100))
    assert abs(next_average_range(before, *bar, minutes) - average) < D("1e-9")
    assert next_average_range(D(0), *bar, minutes) == (seen / D(minutes).sqrt()).quantize(D("1e-12"))


def test_rates_are_two_and_no_third():
    with pytest.raises(msgspec.ValidationError, match="rebate"):
        msgspec.convert({"maker": "0.001", "taker": "0.001", "rebate": "0.5"}, FeeRates)
