"""Prices that no market makes in a minute: each one is noticed, whatever came before it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.domain.jump import jumps
from services.domain.path import MINUTE, Bar

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def bars(*prices: int) -> list[Bar]:
    opens = [START + minute * MINUTE for minute in range(len(prices))]
    return [
        Bar(opened, opened + MINUTE - timedelta(milliseconds=1), *[Decimal(price)] * 4)
        for opened, price in zip(opens, prices, strict=True)
    ]


def test_a_jump_there_and_one_back_are_two():
    told = bars(100, 1000, 990, 100)
    assert [(int(before), int(bar.close)) for before, bar in jumps(told, Decimal(100))] == [(100, 1000), (990, 100)]


def test_five_times_is_not_further_than_five_times():
    assert not list(jumps(bars(500, 100), Decimal(100)))
    assert len(list(jumps(bars(501), Decimal(100)))) == 1


def test_the_first_price_ever_has_nothing_to_jump_from():
    assert not list(jumps(bars(100), None))
