"""Single bars by hand: gaps, order, entries inside a bar, fill models, the loss cap."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from services.domain.barriers import barriers
from services.domain.command import Command, CommandKind
from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.judge import Need
from services.domain.path import MINUTE, Bar, Finer, Path, Resolution, print_bar
from services.domain.plan import Rules, Target, Trailing
from services.domain.trade import DecidedBy, Reason, Stop, Trade
from services.domain.walk import Walked, walk
from tests.domain.tapes import INSTRUMENT, START, make_trade

D = Decimal
OPTIMISTIC, HARSH = FillModel.OPTIMISTIC, FillModel.HARSH
END_OF_MINUTE = START + MINUTE - timedelta(milliseconds=1)
GONE = Finer(Resolution.PRINTS, gone=True)


def bar(text: str, minute: int = 0) -> Bar:
    """Open, high, low, close."""
    opened = START + minute * MINUTE
    return Bar(opened, opened + MINUTE - timedelta(milliseconds=1), *map(D, text.split())).checked()


def after(trade: Trade, *bars: str, finer: Finer | None = None, tail: str | None = None) -> Walked:
    closed = tuple(bar(text, minute) for minute, text in enumerate(bars))
    path = Path(
        INSTRUMENT.id, START, START + len(bars) * MINUTE, closed, bar(tail, len(bars)) if tail is not None else None
    )
    return walk(trade, path, since=START, finer={START: finer} if finer else {})


def long(model: FillModel = OPTIMISTIC, limit: int | None = None) -> Trade:
    """Stop 99, target 102, entered at 100 or resting."""
    return make_trade(1, limit, 990, 1020, 0, model)


def ruled(trade: Trade, rules: Rules, *targets: str) -> Trade:
    """The trade with these rules, and with so many equal targets in place of its own if there are any."""
    equal = tuple(Target(D(target), 1 / D(len(targets))) for target in targets)
    plan = msgspec.structs.replace(trade.plan, rules=rules, targets=equal or trade.plan.targets)
    return msgspec.structs.replace(trade, plan=plan)


def short(model: FillModel = OPTIMISTIC, limit: int | None = None) -> Trade:
    """Stop 101, target 98."""
    return make_trade(-1, limit, 1010, 980, 0, model)


@pytest.mark.parametrize(
    ("trade", "text", "status", "price", "by"),
    [
        (long(), "100 101.9 99.1 100", "OPEN", None, None),
        (long(), "100 101 99.0 100", "CLOSED_SL", "99.0", DecidedBy.BAR),
        (long(), "100 101 98.0 98.5", "CLOSED_SL", "99.0", DecidedBy.BAR),
        (long(), "98.5 103 98 102.5", "CLOSED_SL", "98.5", DecidedBy.OPEN),
        (long(), "99 103 98 102.5", "CLOSED_SL", "99", DecidedBy.OPEN),
        (long(), "100 102 99.1 100", "CLOSED_TP", "102.0", DecidedBy.BAR),
        (long(), "105 106 90 91", "CLOSED_TP", "102.0", DecidedBy.OPEN),
        (short(), "100 100.9 98.1 100", "OPEN", None, None),
        (short(), "100 101 99 100", "CLOSED_SL", "101.0", DecidedBy.BAR),
        (short(), "103 104 97 97", "CLOSED_SL", "103", DecidedBy.OPEN),
        (short(), "100 100.5 98.0 99", "CLOSED_TP", "98.0", DecidedBy.BAR),
        (short(), "97 105 96 104", "CLOSED_TP", "98.0", DecidedBy.OPEN),
        (long(HARSH), "100 102 99.9 100", "OPEN", None, None),
        (long(HARSH), "100 102.1 99.9 100", "CLOSED_TP", "102.0", DecidedBy.BAR),
        (short(HARSH), "100 100.5 98.0 99", "OPEN", None, None),
        (short(HARSH), "100 100.5 97.9 99", "CLOSED_TP", "98.0", DecidedBy.BAR),
        (long(HARSH), "100 101 99 100", "CLOSED_SL", "98.8", DecidedBy.BAR),  # 99 less 0.14 %, down to the tick
        (short(HARSH), "100 101 99 100", "CLOSED_SL", "101.2", DecidedBy.BAR),
        (long(FillModel.REALISTIC), "98 101 97 100", "CLOSED_SL", "97.9", DecidedBy.OPEN),
    ],
)
def test_an_open_trade_in_one_bar(trade, text, status, price, by):
    walked = after(trade, text)
    assert walked.need is None
    assert walked.trade.status == status
    if price is None:
        assert walked.trade == trade
        return
    exit_ = walked.trade.exit
    assert exit_.price == D(price)
    assert exit_.evidence.decided_by is by
    assert exit_.evidence.bar == bar(text)
    assert exit_.time == (START if by is DecidedBy.OPEN else END_OF_MINUTE)
    assert exit_.role is (FillRole.MAKER if status == "CLOSED_TP" else FillRole.TAKER)
    assert exit_.evidence.slippage == trade.slippage.of_last_price(trade.fill_model) * (exit_.role is FillRole.TAKER)


@pytest.mark.parametrize(
    ("trade", "text", "status"),
    [
        (long(limit=999), "100.5 101 100.0 100.5", "PENDING"),
        (long(limit=999), "100.5 101 99.9 100.5", "OPEN"),
        (long(limit=999), "100.5 101 99.0 100.5", "CLOSED_SL"),
        (long(limit=999), "99.5 101 99.4 100.5", "OPEN"),
        (long(limit=999), "98.5 101 98 100.5", "CLOSED_SL"),
        (long(limit=999), "100.5 102 99.5 102", "CLOSED_TP"),
        (long(HARSH, limit=999), "100.5 101 99.9 100.5", "PENDING"),
        (long(HARSH, limit=999), "100.5 101 99.8 100.5", "OPEN"),
        (short(limit=1001), "99.5 100.0 99 99.5", "PENDING"),
        (short(limit=1001), "99.5 100.1 99 99.5", "OPEN"),
        (short(limit=1001), "99.5 101 99 99.5", "CLOSED_SL"),
        (short(limit=1001), "99.5 100.5 98 98", "CLOSED_TP"),
    ],
)
def test_a_resting_limit_in_one_bar(trade, text, status):
    walked = after(trade, text)
    assert walked.need is None
    assert walked.trade.status == status
    if status != "PENDING":
        assert walked.trade.entry.price == trade.plan.limit_price
        assert walked.trade.entry.role is FillRole.MAKER
    if status == "CLOSED_SL":
        opened = D(text.split()[0])
        sign = trade.plan.direction.sign
        stop = trade.stop.price
        assert walked.trade.exit.price == (opened if sign * opened <= sign * stop else stop)


@pytest.mark.parametrize(
    ("trade", "text", "adverse"),
    [
        (long(), "100 102 99 100", "CLOSED_SL"),
        (short(), "100 101 98 100", "CLOSED_SL"),
        (long(limit=999), "100.5 102 99.9 101", "OPEN"),  # the high may lie before the entry
        (long(limit=999), "100.5 102 99.0 101", "CLOSED_SL"),
        (short(limit=1001), "99.5 100.1 98 99", "OPEN"),
    ],
)
def test_where_tapes_disagree_the_trade_waits_or_takes_the_adverse_order(trade, text, adverse):
    walked = after(trade, text)
    assert walked.need == Need(START)
    assert walked.trade == msgspec.structs.replace(trade, held_from=START)
    assert not walked.steps
    assumed = after(trade, text, finer=GONE).trade
    assert assumed.status == adverse
    assert assumed.ambiguous
    if adverse == "CLOSED_SL":
        assert assumed.exit.evidence.decided_by is DecidedBy.ADVERSE


def test_prints_decide_order_and_time_but_not_prices():
    prints = [(10, "100"), (20, "102.5"), (30, "97.5"), (40, "100")]
    finer = Finer(
        Resolution.PRINTS, tuple(print_bar(START + timedelta(seconds=second), D(price)) for second, price in prints)
    )
    won = after(long(), "100 102.5 97.5 100", finer=finer).trade
    assert won.status == "CLOSED_TP"
    assert won.exit.price == D("102.0")
    assert won.exit.time == START + timedelta(seconds=20)
    lost = after(short(), "100 102.5 97.5 100", finer=finer).trade
    assert lost.exit.price == D("101.0")
    assert lost.exit.time == START + timedelta(seconds=20)
    assert not lost.ambiguous


def test_a_bar_in_progress_closes_for_certain_or_does_nothing():
    assert after(long(), tail="100 101 98 100").trade.status == "CLOSED_SL"
    assert after(long(), tail="100 101 99.1 100").trade == long()
    resting = long(limit=999)
    assert after(resting, tail="100.5 101 99.5 100").trade == resting
    assert after(resting, tail="100.5 101 98.9 100").trade.status == "CLOSED_SL"


def test_barriers_are_where_something_can_happen():
    def wall(trade: Trade) -> tuple:
        found = barriers(trade)
        return found.lower, found.upper

    assert wall(long()) == (D("99.0"), D("102.0"))
    assert wall(short()) == (D("98.0"), D("101.0"))
    assert wall(long(HARSH)) == (D("99.0"), D("102.1"))
    assert wall(short(HARSH)) == (D("97.9"), D("101.0"))
    assert wall(long(limit=999)) == (D("99.9"), None)
    assert wall(short(limit=1001)) == (None, D("100.1"))
    assert wall(long(HARSH, limit=999)) == (D("99.8"), None)
    assert wall(short(HARSH, limit=1001)) == (None, D("100.2"))
    assert wall(after(long(), "100 101 98 99").trade) == (None, None)


def test_profit_by_hand():
    """100 x 5 / 100 = 5 coins at 100, out at 102 as maker or at 99 as taker."""
    won = after(long(), "100 102 99.1 100").trade
    assert won.entry.fee == D("0.25")  # 500 x 0.05 %
    assert won.exit.fee == D("0.102")  # 510 x 0.02 %
    assert won.profit_loss == D("9.648")
    lost = after(long(), "100 101 99 100").trade
    assert lost.profit_loss == D("-5.4975")  # -5 - 0.25 - 495 x 0.05 %
    assert after(short(), "100 100.5 98 99").trade.profit_loss == D("9.652")
    assert after(short(), "100 101 99 100").trade.profit_loss == D("-5.5025")


def test_a_gap_takes_no_more_than_the_margin():
    """5 coins at 100 with a margin of 100: a gap to 70 would cost 150 and the fee."""
    assert after(long(), "70 71 69 70").trade.profit_loss == D("-100.25")
    assert after(short(), "140 141 139 140").trade.profit_loss == D("-100.25")
    assert after(long(), "80.1 81 80 80").trade.profit_loss == D("-99.95025")  # -99.5 - 0.20025 - 0.25


def test_a_stop_one_tick_behind_a_harsh_limit_goes_with_the_entry():
    """The price that trades through the limit is the stop's own: no order of prices keeps them apart."""
    trade = make_trade(-1, 1001, 1002, 980, 0, HARSH)
    walked = after(trade, "99.5 100.3 97.9 99")
    assert walked.need is None
    assert walked.trade.status == "CLOSED_SL"
    assert not walked.trade.ambiguous


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("100 101.9 99.1 100", "OPEN"),
        ("98 101 97 100", None),  # the low may lie before the entry
        ("100 103 99.5 100", None),
        ("100 102 99.5 102", None),  # so may the close: the last print, not the last instant
        ("98 101 97 98.5", None),
    ],
)
def test_a_market_entry_inside_a_bar(text, status):
    trade = make_trade(1, None, 990, 1020, 30_000, OPTIMISTIC)
    walked = after(trade, text)
    assert walked.need == (None if status else Need(START))
    assert walked.trade.status == (status or "OPEN")


FIRST = [(0, "100"), (10, "101"), (20, "102"), (30, "101.5")]


@pytest.mark.parametrize(
    ("count", "status", "ambiguous"),
    [
        (3, "CLOSED_TP", False),  # the first touch lies in what was told
        (2, "CLOSED_SL", True),  # both are still to come
    ],
)
def test_the_first_prints_of_a_busy_minute_decide_what_lies_in_them(count, status, ambiguous):
    told = tuple(print_bar(START + timedelta(seconds=second), D(price)) for second, price in FIRST[:count])
    finer = Finer(Resolution.PRINTS, told, gone=True, until=told[-1].open_time)
    trade = make_trade(1, None, 990, 1020, 0, OPTIMISTIC)
    walked = after(trade, "100 102 99 100", finer=finer)
    assert (walked.trade.status, walked.trade.ambiguous) == (status, ambiguous)


def test_an_extreme_that_the_first_prints_lack_is_still_to_come():
    told = (print_bar(START, D("98.8")), print_bar(START + timedelta(seconds=9), D("100")))
    finer = Finer(Resolution.PRINTS, told, gone=True, until=told[-1].open_time)
    trade = make_trade(1, None, 990, 1020, 5000, OPTIMISTIC)  # entered after the low
    walked = after(trade, "98.8 102 98.8 100", finer=finer)
    assert walked.trade.status == "CLOSED_SL"  # the low may come again
    assert walked.trade.ambiguous
    trade = make_trade(1, None, 980, 1020, 5000, OPTIMISTIC)
    walked = after(trade, "98.8 102 98.8 100", finer=finer)
    assert (walked.trade.status, walked.trade.ambiguous) == ("CLOSED_TP", False)


def test_a_flag_on_a_trade_that_stays_open_is_a_state_of_its_own():
    trade = make_trade(1, None, 990, 1020, 30_000, OPTIMISTIC)
    walked = after(trade, "100 102 99.5 100", finer=GONE)
    assert walked.trade.ambiguous
    assert walked.trade.status == "OPEN"
    assert [step.version for step in walked.steps] == [trade.version + 1]


def test_prints_before_the_entry_do_not_count():
    prints = [(29.999, "98"), (30, "100"), (40, "101")]
    finer = Finer(
        Resolution.PRINTS, tuple(print_bar(START + timedelta(seconds=second), D(price)) for second, price in prints)
    )
    trade = make_trade(1, None, 990, 1020, 30_000, OPTIMISTIC)
    assert after(trade, "98 101 98 101", finer=finer).trade == trade
    assert after(trade, "98 101 98 101", finer=GONE).trade.status == "CLOSED_SL"


def test_a_bar_in_progress_tells_nothing_of_a_younger_trade():
    trade = make_trade(1, None, 990, 1020, 30_000, OPTIMISTIC)
    assert after(trade, tail="100 101 98 98").trade == trade


def test_extremes_that_the_first_prints_have_told_need_not_come_again():
    def judged(first: str, text: str) -> Trade:
        """Entered at the fifth second, between the first print and the last that is known."""
        told = (print_bar(START, D(first)), print_bar(START + timedelta(seconds=9), D("100")))
        finer = Finer(Resolution.PRINTS, told, gone=True, until=told[-1].open_time)
        return after(make_trade(1, None, 990, 1020, 5000, OPTIMISTIC), text, finer=finer).trade

    def outcome(trade: Trade) -> tuple:
        return trade.status, trade.ambiguous

    assert outcome(judged("98.8", "98.8 101 98.8 100")) == ("CLOSED_SL", True)
    assert outcome(judged("100", "100 101 98.8 100")) == ("CLOSED_SL", False)
    assert outcome(judged("102.5", "102.5 102.5 99.5 100")) == ("OPEN", True)
    assert outcome(judged("100", "100 102.5 99.5 100")) == ("CLOSED_TP", False)


@pytest.mark.parametrize(
    ("trade", "text", "status"),
    [
        (long(limit=999), "100.5 102 99.9 101", "CANCELLED"),  # the target has been touched for certain, the entry not
        (long(limit=999), "100.5 102.5 99.9 101", "CANCELLED"),
        (long(limit=999), "100.5 101.9 99.9 101", "OPEN"),
        (long(limit=999), "100.5 102 99.0 101", "CLOSED_SL"),
        (short(limit=1001), "99.5 100.1 98 99", "CANCELLED"),
        (short(limit=1001), "99.5 100.1 97.5 99", "CANCELLED"),
        (short(limit=1001), "99.5 101 98 99", "CLOSED_SL"),
    ],
)
def test_a_target_that_cancels_an_entry_and_may_have_come_before_it_is_assumed_to_have(trade, text, status):
    price = trade.plan.targets[0].price
    farther = price + trade.plan.direction.sign
    for targets in ((), (str(price), str(farther))):
        resting = ruled(trade, Rules(cancel_on_target=True), *targets)
        ended = after(resting, text, finer=GONE).trade
        assert (ended.status, ended.ambiguous) == (status, status != "OPEN")
        if status == "CANCELLED":
            assert ended.ended_by is Reason.TARGET_BEFORE_ENTRY


def test_a_target_comes_before_the_trailing_level_at_the_same_price():
    trailing = Rules(trailing=Trailing(distance=D(1), activation=D("102.0")))
    walked = after(ruled(long(), trailing), "100 102 99.5 101.5")
    assert walked.trade.status == "CLOSED_TP"
    assert [step.trail for step in walked.steps] == [None]
    walked = after(ruled(long(), trailing, "102.0", "104.0"), "101.2 102 101.2 101.5")
    assert [(len(step.exits), step.stop.price) for step in walked.steps] == [(1, D("99.0")), (1, D("101.0"))]


@pytest.mark.parametrize(
    ("trade", "activation", "text", "stop"),
    [
        (long(), "101.5", "101.2 101.5 101.2 101.3", "100.4"),  # 101.5 less 1 % is 100.485
        (short(), "98.5", "98.8 98.8 98.5 98.7", "99.5"),  # 98.5 and 1 % is 99.485
    ],
)
def test_a_trailing_stop_goes_to_the_tick_away_from_profit(trade, activation, text, stop):
    trailing = Trailing(percent=D(1), activation=D(activation))
    assert after(ruled(trade, Rules(trailing=trailing)), text).trade.stop == Stop(D(stop), Reason.TRAILING_STOP)


def test_followed_targets_leave_the_stop_at_the_target_before():
    trade = ruled(long(), Rules(follow_targets=True), "102.0", "103.0", "104.0")
    for high, stop in (
        ("102", Stop(D("100.0"), Reason.BREAK_EVEN)),
        ("103", Stop(D("102.0"), Reason.TARGET_STOP)),
    ):
        trade = after(trade, f"{high} {high} {high} {high}").trade
        assert trade.stop == stop


def test_bars_from_before_since_are_not_judged():
    touched = (bar("100 101 98 100", 0), bar("100 101 99.1 100", 1))
    path = Path(INSTRUMENT.id, START, START + 2 * MINUTE, touched)
    assert walk(long(), path, since=START + MINUTE).trade == long()
    assert walk(long(), path, since=START).trade.status == "CLOSED_SL"


def test_the_exit_of_a_closed_trade_is_its_last_fill():
    trade = ruled(long(), Rules(), "101", "102", "103")
    ended = after(trade, "100 101 99.1 101", "101 102 100 102", "102 103.5 101 103").trade
    assert [each.fill.price for each in ended.exits] == [D("101"), D("102"), D("103")]
    assert ended.exit.price == D("103")
    assert after(trade, "100 101 99.1 101").trade.exit is None


def test_a_command_at_the_end_of_a_path_is_for_the_next_one():
    close = Command(kind=CommandKind.CLOSE, at=START + MINUTE, bid=D("100.1"), ask=D("100.2"))
    first, second = (Path(INSTRUMENT.id, START + n * MINUTE, START + (n + 1) * MINUTE, ()) for n in range(2))
    walked = walk(long(), first, since=START, command=close)
    assert (walked.trade, walked.command_done) == (long(), False)
    walked = walk(walked.trade, second, since=second.start, command=close)
    assert (walked.trade.status, walked.command_done) == ("CLOSED_MANUAL", True)


def test_a_command_that_waits_comes_before_a_minute_in_progress():
    close = Command(kind=CommandKind.CLOSE, at=START + MINUTE, bid=D("100.1"), ask=D("100.2"))
    path = Path(INSTRUMENT.id, START, START + MINUTE, (bar("100 101 99.5 100"),), bar("100 101 98 100", 1))
    walked = walk(long(), path, since=START, command=close)
    assert (walked.trade, walked.command_done) == (long(), False)


def test_levels_of_one_minute_are_one_state_after_what_came_before():
    resting = ruled(long(limit=995), Rules(trailing=Trailing(distance=D("0.5"))))
    bars = (bar("99.4 99.4 99.4 99.4"), bar("99.4 100.9 99.4 100.8", 1))
    prices = enumerate(("99.4", "100.1", "100", "100.9", "100.8"))
    prints = tuple(print_bar(START + MINUTE + timedelta(seconds=second), D(price)) for second, price in prices)
    finer = {START + MINUTE: Finer(Resolution.PRINTS, prints)}
    walked = walk(resting, Path(INSTRUMENT.id, START, START + 2 * MINUTE, bars), since=START, finer=finer)
    assert [(step.version, step.stop.price) for step in walked.steps] == [(2, D("99.0")), (3, D("100.4"))]
    assert walked.trade == walked.steps[-1]
