"""Liquidation: the price by the exchange's own worked examples, and what a minute of the mark price does."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path as Folder

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.brackets import Bracket, bracket_of, liquidation_price, maintenance, reachable
from services.domain.command import Command, CommandKind
from services.domain.errors import InvalidInput
from services.domain.market import Quote
from services.domain.opening import enter_at_quote, rest
from services.domain.path import MINUTE, Bar, Path
from services.domain.plan import Direction
from services.domain.profit import exit_rows
from services.domain.trade import Reason, TradeStatus
from services.domain.walk import walk
from tests.domain.perpetuals import BTC, START, D, bar, entered, order, still, walked

LEVEL, LEAST = D("90.90909091"), D("1e-8")
MARK = Folder(__file__).parents[2].parent / "shared" / "data" / "mark"


class TestPrice:
    @pytest.mark.parametrize(
        ("side", "quantity", "entry", "wallet", "expected"),
        [
            ("LONG", "0.1", "60000", "300", "57228.9157"),
            ("SHORT", "0.1", "60000", "300", "62749.0040"),
            ("LONG", "20", "60000", "24000", "59109.2099"),
            ("LONG", "14", "58000", "16240", "57104.0919"),  # lies in the bracket below that of its entry
        ],
    )
    def test_the_exchanges_worked_examples_to_the_cent(self, side, quantity, entry, wallet, expected):
        found = liquidation_price(Direction(side), D(entry), D(quantity), D(wallet), BTC)
        assert found is not None
        assert round(found, 4) == D(expected)

    @pytest.mark.parametrize(
        ("quantity", "entry", "rate", "cum", "expected"),
        [
            ("3683.979", "1456.84", "0.10", "135365", "1114.78"),
            ("109.488", "32481.98", "0.025", "16300", "18778.73"),
        ],
    )
    def test_the_calculators_published_examples(self, quantity, entry, rate, cum, expected):
        brackets = (Bracket(D(0), D("1e12"), D(rate), D(cum), 125),)
        found = liquidation_price(Direction.LONG, D(entry), D(quantity), D("1535443.01"), brackets)
        assert found is not None
        assert round(found, 2) == D(expected)

    @pytest.mark.parametrize(("mine", "other", "expected"), [(0, 1, "1153.26"), (1, 0, "26316.89")])
    def test_the_calculators_published_examples_of_two_positions_on_one_balance(self, mine, other, expected):
        """What the other position must keep and has lost is taken off the balance: the formula is the same."""
        held = [
            ("3683.979", "1456.84", "0.10", "135365", "1335.18"),
            ("109.488", "32481.98", "0.025", "16300", "31967.27"),
        ]
        quantity, entry, rate, cum, _ = map(D, held[mine])
        beside, entered_at, other_rate, other_cum, mark = map(D, held[other])
        kept = maintenance(Bracket(D(0), D("1e12"), other_rate, other_cum, 125), beside * mark)
        wallet = D("1535443.01") - kept + beside * (mark - entered_at)
        brackets = (Bracket(D(0), D("1e12"), rate, cum, 125),)
        found = liquidation_price(Direction.LONG, entry, quantity, wallet, brackets)
        assert found is not None
        assert round(found, 2) == D(expected)

    @given(
        st.sampled_from(Direction),
        st.decimals("0.001", "20000", places=3),
        st.decimals("100", "100000", places=2),
        st.integers(1, 150),
    )
    def test_there_the_margin_is_what_must_be_kept(self, direction, quantity, entry, leverage):
        wallet = quantity * entry / leverage
        if wallet < maintenance(bracket_of(BTC, quantity * entry), quantity * entry):
            return
        price = liquidation_price(direction, entry, quantity, wallet, reachable(BTC, quantity * entry))
        if price is None:
            assert direction is Direction.LONG
            assert leverage == 1
            return
        left = wallet + direction.sign * quantity * (price - entry)
        required = maintenance(bracket_of(BTC, quantity * price), quantity * price)
        assert abs(left - required) <= D("1e-7") * quantity
        assert (entry - price) * direction.sign >= 0

    def test_a_long_without_leverage_is_never_liquidated(self):
        assert entered(leverage=1).liquidation_price is None
        assert entered("SHORT", leverage=1, stop=150, targets=(50,)).liquidation_price is not None

    def test_spot_has_no_brackets(self):
        plain = msgspec.structs.replace(order(leverage=1), brackets=())
        assert enter_at_quote(plain, Quote(D(100), D(100), D(100), START)).liquidation_price is None


class TestOpening:
    @pytest.mark.parametrize("limit", [None, "100"])
    def test_a_stop_that_the_liquidation_would_forestall_is_refused_with_the_price(self, limit):
        wish = order(stop="90.9", limit=limit)
        with pytest.raises(InvalidInput, match=r"90\.90909091") as refused:
            rest(wish) if limit else enter_at_quote(wish, Quote(D(100), D(100), D(100), START))
        assert (refused.value.code, refused.value.field) == ("stop_beyond_liquidation", "stop_loss")

    @pytest.mark.parametrize(("direction", "stop", "target"), [("LONG", LEVEL + LEAST, 120), ("SHORT", "108.91", 80)])
    def test_a_stop_just_before_the_liquidation_holds(self, direction, stop, target):
        assert entered(direction, stop=stop, targets=(target,)).stop.price == D(stop)

    def test_leverage_beyond_the_bracket_is_refused_with_its_maximum(self):
        with pytest.raises(InvalidInput, match="50") as refused:
            entered(leverage=51, stop=99.5)
        assert (refused.value.code, refused.value.field) == ("leverage_above_bracket", "leverage")

    def test_a_larger_position_may_have_less_leverage(self):
        steps = (Bracket(D(0), D(500), D("0.01"), D(0), 50), Bracket(D(500), D(5000), D("0.02"), D(5), 5))
        wish = msgspec.structs.replace(order(leverage=10), brackets=steps)
        with pytest.raises(InvalidInput, match="allows leverage 5"):
            enter_at_quote(wish, Quote(D(100), D(100), D(100), START))


class TestMinute:
    def test_the_mark_price_liquidates_where_the_last_price_does_nothing(self):
        trade = walked(entered(), [still(1)], [bar(1, 100, 100, "90.9", 99)]).trade
        assert (trade.status, trade.ended_by, trade.ambiguous) == (
            TradeStatus.CLOSED_LIQUIDATED, Reason.LIQUIDATION, False)  # fmt: skip
        assert trade.exit is not None
        assert trade.exit.time == bar(1, 1, 1, 1, 1).close_time
        assert trade.exit.price == 90  # bankruptcy: all the margin is gone
        assert trade.entry is not None
        assert trade.profit_loss == -100 - trade.entry.fee
        assert [row.kind for row in exit_rows(1, 1, trade.exits[0])] == ["gross_profit", "exit_fee"]

    def test_a_touch_to_the_digit_counts_and_short_of_it_not(self):
        assert not walked(entered(), [], [bar(1, 100, 100, LEVEL, 99)]).trade.status.is_live
        assert walked(entered(), [], [bar(1, 100, 100, LEVEL + LEAST, 99)]).trade.status.is_live

    def test_a_minute_that_opens_beyond_liquidates_at_its_open_before_the_stop(self):
        trade = walked(entered(), [bar(1, 94, 96, 93, 95)], [still(1, 90)]).trade
        assert trade.status is TradeStatus.CLOSED_LIQUIDATED
        assert trade.exit is not None
        assert (trade.exit.time, trade.ambiguous) == (START + MINUTE, False)

    def test_a_trade_made_at_the_very_begin_of_a_minute_was_there(self):
        at_open = walked(entered(), [], [still(0, 90)]).trade
        assert (at_open.status, at_open.exits[0].fill.time) == (TradeStatus.CLOSED_LIQUIDATED, START)
        inside = walked(entered(), [], [bar(0, 100, 100, 90, 99)]).trade
        assert (inside.status, inside.ambiguous) == (TradeStatus.CLOSED_LIQUIDATED, False)

    def test_a_stop_touched_in_the_minute_comes_first_and_is_flagged(self):
        trade = walked(entered(), [bar(1, 100, 100, 94, 99)], [bar(1, 100, 100, 90, 99)]).trade
        assert (trade.status, trade.ambiguous) == (TradeStatus.CLOSED_SL, True)

    def test_a_stop_at_the_minutes_open_is_not_flagged(self):
        trade = walked(entered(), [bar(1, 94, 100, 94, 99)], [bar(1, 100, 100, 90, 99)]).trade
        assert (trade.status, trade.ambiguous) == (TradeStatus.CLOSED_SL, False)

    def test_a_target_in_the_same_minute_is_assumed_to_come_later(self):
        before = entered(targets=(110, 120))
        trade = walked(before, [bar(1, 100, 111, 100, 105)], [bar(1, 100, 105, 90, 99)]).trade
        assert (trade.status, trade.ambiguous) == (TradeStatus.CLOSED_LIQUIDATED, True)
        assert len(trade.exits) == 1

    def test_what_a_first_target_has_left_is_liquidated_later(self):
        before = entered(targets=(110, 120))
        result = walked(before, [bar(1, 100, 111, 100, 105)], [still(1), bar(2, 100, 100, 90, 99)])
        trade = result.trade
        assert [each.reason for each in trade.exits] == [Reason.TAKE_PROFIT, Reason.LIQUIDATION]
        assert trade.exits[1].gross == -50
        assert trade.ended_by is Reason.LIQUIDATION
        assert not trade.ambiguous

    def test_an_entry_inside_the_minute_needs_the_close_as_proof(self):
        resting = rest(order(limit=99))
        price = resting.liquidation_price
        assert price is not None
        fall = bar(1, 100, 100, 98, 99)
        for close, flagged in ((price - 1, False), (price, False), (price + LEAST, True)):
            trade = walked(resting, [fall], [bar(1, 100, 100, price - 1, close)]).trade
            assert (trade.status, trade.ambiguous) == (TradeStatus.CLOSED_LIQUIDATED, flagged)
            assert trade.entry is not None

    def test_an_entry_at_the_open_while_the_mark_price_opens_beyond_ends_there(self):
        resting = rest(order(limit=99))
        beyond = resting.liquidation_price - 1
        mark = bar(1, beyond, 100, beyond, 100)
        for last, ended_at, flagged in (
            (bar(1, 98, 98, 97, 97), START + MINUTE, False),
            (bar(1, 100, 100, 98, 99), mark.close_time, True),  # entered later: nobody knows where the mark price was
        ):
            result = walked(resting, [last], [mark])
            trade = result.trade
            assert (trade.status, trade.ambiguous) == (TradeStatus.CLOSED_LIQUIDATED, flagged)
            assert (trade.exits[0].fill.time, len(trade.exits)) == (ended_at, 1)
            assert [step.status for step in result.steps] == [TradeStatus.OPEN, TradeStatus.CLOSED_LIQUIDATED]

    def test_an_entry_that_does_not_come_is_not_liquidated(self):
        trade = walked(rest(order(limit=99)), [still(1)], [still(1, 50)]).trade
        assert trade.status is TradeStatus.PENDING

    def test_a_short_is_liquidated_above(self):
        trade = walked(entered("SHORT", stop=105, targets=(80,)), [], [bar(1, 100, 109, 100, 100)]).trade
        assert trade.status is TradeStatus.CLOSED_LIQUIDATED
        assert trade.exit is not None
        assert trade.exit.price == 110

    def test_a_minute_in_progress_liquidates_only_by_its_open(self):
        assert walked(entered(), [], [], mark_tail=bar(0, 100, 100, 90, 90)).trade.status.is_live
        old = entered(at=START - MINUTE)
        assert not walked(old, [], [], mark_tail=bar(0, 90, 90, 90, 90)).trade.status.is_live

    def test_a_minute_in_progress_stops_only_while_the_mark_price_is_known_to_be_away(self):
        old, touched = entered(at=START - MINUTE), bar(0, 100, 100, 94, 94)
        assert walked(old, [], [], tail=touched).trade.status.is_live
        assert walked(old, [], [], tail=touched, mark_tail=bar(0, 100, 100, 90, 95)).trade.status.is_live
        stopped = walked(old, [], [], tail=touched, mark_tail=bar(0, 100, 100, 94, 95)).trade
        assert (stopped.status, stopped.ambiguous) == (TradeStatus.CLOSED_SL, False)

    def test_a_closing_by_hand_in_the_minute_is_assumed_to_come_later(self):
        by_hand = Command(kind=CommandKind.CLOSE, at=START + MINUTE * 1.5, bid=D(100), ask=D(100))
        result = walked(entered(), [still(1)], [bar(1, 100, 100, 90, 99)], by_hand)
        assert (result.trade.status, result.trade.ambiguous) == (TradeStatus.CLOSED_LIQUIDATED, True)
        assert result.command_done


@pytest.mark.skipif(not MARK.is_dir(), reason=f"no recorded mark prices in {MARK}")
def test_the_cascade_of_october_2025_liquidates_by_the_mark_price_and_not_by_the_last():
    """Longs from before the crash, without a stop, liquidated a little above or below the lowest mark price."""
    begin, hour = datetime(2025, 10, 10, 20, tzinfo=UTC), timedelta(hours=1)
    bars: dict[str, dict[str, list[Bar]]] = {"last": {}, "mark": {}}
    text = gzip.decompress((MARK / "usdm_1h_last_and_mark_20251009_20251012.csv.gz").read_bytes()).decode()
    for row in csv.DictReader(io.StringIO(text)):
        opened = datetime.fromtimestamp(int(row["open_time"]) / 1000, UTC)
        if opened >= begin:
            prices = (D(row[name]) for name in ("open", "high", "low", "close"))
            of_kind = bars[row["kind"]].setdefault(row["symbol"], [])
            of_kind.append(Bar(opened, opened + hour - timedelta(milliseconds=1), *prices))
    liquidated = spared = 0
    for symbol, mark in bars["mark"].items():
        last = bars["last"][symbol]
        entry, lowest = last[0].open, min(each.low for each in mark)
        for level in (lowest * D("1.001"), lowest * D("0.999")):
            leverage = int(1 / (1 - level / entry))
            if leverage < 2:
                continue
            # The maintenance rate that puts the liquidation of this leverage at the level.
            rate = 1 - (1 - D(1) / leverage) / (level / entry)
            wish = order(leverage=leverage, at=begin, stop=entry * D("0.999999"), targets=(entry * 9,))
            trade = enter_at_quote(
                msgspec.structs.replace(wish, brackets=(Bracket(D(0), D("1e9"), rate, D(0), 100),)),
                Quote(entry, entry, entry, begin),
            )
            assert abs(trade.liquidation_price - level) < D("1e-6") * level
            bare = msgspec.structs.replace(trade, stop=msgspec.structs.replace(trade.stop, price=D("1e-9")))
            path = Path(1, begin, last[-1].open_time + hour, tuple(last), mark=tuple(mark))
            ended = walk(bare, path, since=begin).trade
            assert (ended.status is TradeStatus.CLOSED_LIQUIDATED) is (level > lowest)
            liquidated += level > lowest
            spared += level < lowest and min(each.low for each in last) < level
    assert liquidated > 5
    assert spared > 5
