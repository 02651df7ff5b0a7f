"""Funding: what a position pays and receives at the settlements that it lives through, and what waits for one."""

from decimal import Decimal

import msgspec
import pytest

from services.domain.command import Command, CommandKind
from services.domain.funding import Funding, Settlement
from services.domain.judge import Need
from services.domain.opening import rest
from services.domain.path import MINUTE, Path
from services.domain.profit import exit_rows
from services.domain.trade import Trade, TradeStatus
from services.domain.walk import walk
from tests.domain.perpetuals import START, D, bar, entered, order, still, walked


class TestFunding:
    DUE = START + 2 * MINUTE

    def held(self, **changes: object) -> Trade:
        owed = Funding((Settlement(self.DUE, D("0.05")), Settlement(self.DUE + 10 * MINUTE, D("-0.02"))))
        return msgspec.structs.replace(entered(**changes), funding=owed)

    def test_the_recorded_payment_to_the_cent(self):
        amount = D("63546.90") * D("0.00005357")
        owed = Funding((Settlement(START, amount),)).owed(START + MINUTE)
        assert round(owed * D("0.5"), 8) == D("1.70210372")

    @pytest.mark.parametrize(("minute", "paid"), [(1, "0"), (2, "0.5"), (11, "0.5"), (12, "0.3"), (14, "0.3")])
    def test_each_settlement_that_the_position_lived_through_is_paid_on_all_it_held(self, minute, paid):
        trade = walked(self.held(), [bar(minute, 100, 100, 94, 94)], []).trade
        assert trade.exits[0].funding == D(paid)
        assert trade.profit_loss == sum(row.amount for row in exit_rows(1, 1, trade.exits[0])) - trade.entry.fee

    def test_an_exit_at_the_very_instant_pays_nothing(self):
        trade = walked(self.held(), [bar(2, 94, 94, 94, 94)], []).trade
        assert trade.exits[0].fill.time == self.DUE
        assert trade.exits[0].funding == 0

    def test_a_short_receives_what_a_long_pays(self):
        held = self.held(direction="SHORT", stop=105, targets=(80,))
        assert walked(held, [bar(3, 106, 106, 106, 106)], []).trade.exits[0].funding == D("-0.5")

    def test_a_part_pays_for_all_that_was_held_and_the_rest_from_then_on(self):
        held = self.held(targets=(110, 120))
        trade = walked(held, [bar(3, 100, 111, 100, 105), bar(13, 100, 121, 100, 105)], []).trade
        assert [each.funding for each in trade.exits] == [D("0.5"), D("-0.1")]

    def test_an_entry_in_the_path_pays_only_what_follows_it(self):
        resting = msgspec.structs.replace(rest(order(limit=99)), funding=self.held().funding)
        trade = walked(resting, [bar(5, 100, 100, 98, 99), bar(13, 99, 99, 94, 94)], []).trade
        assert trade.exits[0].funding == ledger(D("-0.02") * trade.quantity)

    def test_an_exit_beyond_a_settlement_not_known_yet_waits_for_it(self):
        waiting = msgspec.structs.replace(self.held(), funding=Funding(due=self.DUE))
        result = walked(waiting, [bar(3, 100, 100, 94, 94)], [])
        assert result.trade.held_from == START + 3 * MINUTE
        assert result.need == Need(START + 3 * MINUTE, funding=True)
        known = msgspec.structs.replace(result.trade, funding=self.held().funding)
        assert walked(known, [bar(3, 100, 100, 94, 94)], []).trade.exits[0].funding == D("0.5")

    def test_what_does_not_end_there_does_not_wait(self):
        waiting = msgspec.structs.replace(self.held(), funding=Funding(due=self.DUE))
        assert walked(waiting, [still(3)], []).trade.held_from is None
        assert not walked(waiting, [bar(1, 100, 100, 94, 94)], []).trade.status.is_live
        assert not walked(waiting, [bar(2, 94, 94, 94, 94)], []).trade.status.is_live  # at the very instant

    def test_a_closing_by_hand_waits_too(self):
        waiting = msgspec.structs.replace(self.held(), funding=Funding(due=self.DUE))
        by_hand = Command(kind=CommandKind.CLOSE, at=self.DUE + MINUTE, bid=D(100), ask=D(100))
        for bars in ([still(5)], [still(3), still(5)]):
            result = walked(waiting, bars, [], by_hand)
            assert result.trade.held_from == bars[0].open_time
            assert not result.command_done

    def test_a_closing_by_hand_waits_too_where_nothing_was_traded_since(self):
        waiting = msgspec.structs.replace(self.held(), funding=Funding(due=self.DUE))
        by_hand = Command(kind=CommandKind.CLOSE, at=self.DUE + 2.5 * MINUTE, bid=D(100), ask=D(100))
        silence = Path(1, START, self.DUE + 5 * MINUTE, (still(0),))
        result = walk(waiting, silence, since=START, command=by_hand)
        assert result.need == Need(self.DUE + 2 * MINUTE, funding=True)
        assert result.trade == msgspec.structs.replace(waiting, held_from=self.DUE + 2 * MINUTE)
        assert not result.command_done
        known = msgspec.structs.replace(result.trade, funding=self.held().funding)
        result = walk(known, silence, since=START, command=by_hand)
        assert (result.trade.status, result.command_done) == (TradeStatus.CLOSED_MANUAL, True)
        assert result.trade.exits[0].funding == D("0.5")


def ledger(amount: Decimal) -> Decimal:
    return round(amount, 8)
