"""The fleet's outcomes are those of the prints, one after the other, though it mostly looks at bars."""

from tests.fleet.orders import otherwise, wrong_profits


def test_every_trade_ends_as_its_prints_say(world, undisturbed):
    assert list(otherwise(undisturbed.rows, world.outcomes)) == []
    assert {each.outcome.status for each in world.outcomes} == {"PENDING", "OPEN", "CLOSED_SL", "CLOSED_TP"}


def test_some_minutes_had_to_be_decided_by_finer_data(undisturbed):
    assert undisturbed.by_finer_data >= 5


def test_a_profit_is_what_the_prices_leave_after_fees(world, undisturbed):
    assert wrong_profits(world.orders, undisturbed.rows) == []
