"""The table of maintenance brackets: the one that is shipped, and an answer of the exchange in its place."""

from itertools import pairwise

import pytest

from services.binance.brackets import as_of, read_answer, shipped
from services.domain.brackets import Bracket, maintenance
from services.domain.errors import InvalidData
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
