"""Why no trade may be made while something is stopped."""

from datetime import UTC, datetime

import pytest

from services.domain.halts import Halt, Halted, refusal

FLEET = Halt(Halted.FLEET, "a larger machine", "ada", datetime(2026, 7, 1, 12, 30, tzinfo=UTC))
NEW_TRADES = Halt(Halted.NEW_TRADES, "news at two", "bob", datetime(2026, 7, 1, 13, tzinfo=UTC))


def test_nothing_stopped_refuses_nothing():
    assert refusal([]) is None


@pytest.mark.parametrize(
    ("halts", "code", "told"),
    [
        ([FLEET], "fleet_paused", "the fleet is paused since 2026-07-01 12:30:00 UTC, by ada: a larger machine"),
        (
            [NEW_TRADES],
            "new_trades_halted",
            "no new trades are made since 2026-07-01 13:00:00 UTC, by bob: news at two",
        ),
        ([FLEET, NEW_TRADES], "new_trades_halted", "no new trades are made since 2026-07-01 13:00:00 UTC, by bob: "),
    ],
)
def test_what_is_stopped_is_told_and_of_two_the_one_that_outlasts_a_resumed_fleet(halts, code, told):
    for given in (halts, halts[::-1]):
        refused = refusal(given)
        assert refused is not None
        assert refused.code == code
        assert str(refused).startswith(told)
        assert refused.numbers["since"] in {each.since.isoformat() for each in halts}
