"""The table of maintenance brackets: the one that is shipped, and an answer of the exchange in its place."""

from itertools import pairwise

import pytest

from services.binance.brackets import as_of, read_answer, shipped
from services.domain.brackets import Bracket, bracket_of, liquidation_price, maintenance
from services.domain.errors import InvalidData
from services.domain.plan import Direction
from tests.domain.perpetuals import BTC, D


class TestTable:
    def test_the_shipped_table_is_dated_and_covers_the_large_contracts(self):
        assert as_of() >= "2026-09-29"
        assert BTC[0] == Bracket(D(0), D(300_000), D("0.004"), D(0), 150)
        assert all(len(shipped(symbol)) > 3 for symbol in ("ETHUSDT", "SOLUSDT", "DOGEUSDT", "1000PEPEUSDT"))

    @pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT", "1000PEPEUSDT", "NEWUSDT"])
    def test_the_requirement_never_jumps(self, symbol):
        for before, after in pairwise(shipped(symbol)):
            assert before.cap == after.floor
            assert abs(maintenance(before, after.floor) - maintenance(after, after.floor)) <= 1

    def test_an_answer_of_the_exchange_can_replace_it(self):
        answer = b"""[{"symbol": "XUSDT", "notionalCoef": 1.5, "brackets": [
            {"bracket": 2, "initialLeverage": 10, "notionalCap": 9000, "notionalFloor": 1000,
             "maintMarginRatio": 0.02, "cum": 10},
            {"bracket": 1, "initialLeverage": 20, "notionalCap": 1000, "notionalFloor": 0,
             "maintMarginRatio": 0.01, "cum": 0.0}]}]"""
        assert read_answer(answer)["XUSDT"][1] == Bracket(D(1000), D(9000), D("0.02"), D(10), 10)

    @pytest.mark.parametrize(
        "answer",
        [
            b"[]x",
            b'[{"symbol": "X", "brackets": []}]',
            b'[{"symbol": "X", "brackets": [{"initialLeverage": 20, "notionalCap": 10, "notionalFloor": 5, '
            b'"maintMarginRatio": 0.01, "cum": 0}]}]',
            b'[{"symbol": "X", "brackets": [{"initialLeverage": 20, "notionalCap": 10, "notionalFloor": 0, '
            b'"maintMarginRatio": 0.01, "cum": 5}]}]',
        ],
    )
    def test_a_broken_answer_is_refused(self, answer):
        with pytest.raises(InvalidData):
            read_answer(answer)


class TestWhere:
    def test_a_position_at_a_cap_is_below_it_and_beyond_the_last_one_in_the_last(self):
        brackets = (Bracket(D(0), D(100), D("0.01"), D(0), 20), Bracket(D(100), D(900), D("0.02"), D(1), 10))
        assert [bracket_of(brackets, D(notional)) for notional in ("100", "100.01", "900", "900.01", "90000")] == [
            brackets[0],
            *4 * (brackets[1],),
        ]

    def test_the_price_of_a_liquidation_lies_above_nothing(self):
        """0.5 at 1 with a margin of nearly all of it: (0.4 + 0 - 0.5) / (0.5 x 0.01 - 0.5)."""
        one = (Bracket(D(0), D(100), D("0.01"), D(0), 20),)
        assert liquidation_price(Direction.LONG, D(1), D("0.5"), D("0.4"), one) == D("0.20202020")
        assert liquidation_price(Direction.LONG, D(1), D("0.5"), D("0.5"), one) is None
        assert liquidation_price(Direction.LONG, D(1), D("0.5"), D("0.9"), one) is None
