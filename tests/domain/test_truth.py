"""The walk over bars against the truth of every print."""

from hypothesis import given

from services.domain.path import floor_minute
from services.domain.trade import DecidedBy, Trade
from tests.domain.tapes import MINUTE, SLIPPAGE, Case, at, carry, cases, price
from tests.oracle import money
from tests.oracle.tape import Truth

_RANK = ("CLOSED_SL", "PENDING", "OPEN", "CLOSED_TP")


def whole(case: Case) -> list:
    return [case.tape.path(0, case.tape.end)]


def check_exit(case: Case, trade: Trade, truth: Truth) -> None:
    """Price by the rules, time by what decided."""
    exit_, tick, sign = trade.exit, trade.instrument.filters.tick_size, case.bracket.sign
    if truth.exit_time is None:
        assert exit_ is None
        return
    assert exit_ is not None
    if truth.status == "CLOSED_TP":
        assert exit_.price == price(truth.exit_reference)
    elif truth.status == "CLOSED_SL":
        share = money.slippage(trade.fill_model, SLIPPAGE.half_spread, SLIPPAGE.average_range)
        assert exit_.price == money.worse(price(truth.exit_reference), share, tick, selling=sign > 0)
    else:
        share = money.FACTOR[trade.fill_model] * SLIPPAGE.average_range / 10
        quoted = case.command.bid if sign > 0 else case.command.ask
        assert exit_.price == money.worse(quoted, share, tick, selling=sign > 0)
    check_time(exit_.time, exit_.evidence.decided_by, truth.exit_time)
    entry = trade.entry
    net = money.net_profit(sign, entry.price, exit_.price, trade.quantity, 5, (entry.fee, exit_.fee))
    assert trade.profit_loss == net


def check_time(time, decided_by: DecidedBy, true_time: int) -> None:
    """The minute is the true one; inside it, the time is that of the deciding data."""
    minute = at(true_time - true_time % MINUTE)
    assert floor_minute(time) == minute
    expected = {
        DecidedBy.OPEN: minute,
        DecidedBy.BAR: minute.replace(second=59, microsecond=999_000),
        DecidedBy.PRINTS: at(true_time),
        DecidedBy.QUOTE: at(true_time),
    }
    if decided_by is DecidedBy.SECONDS:
        assert time in (at(true_time).replace(microsecond=0), at(true_time).replace(microsecond=999_000))
    else:
        assert time == expected[decided_by]


def check(case: Case, trade: Trade) -> None:
    truth = case.truth()
    assert trade.status == truth.status
    assert trade.held_from is None
    if truth.entry_time is not None:
        assert trade.entry.price == price(case.bracket.limit)
        check_time(trade.entry.time, trade.entry.evidence.decided_by, truth.entry_time)
    check_exit(case, trade, truth)


@given(cases())
def test_with_prints_the_walk_is_the_truth(case: Case):
    trade = carry(case, whole(case))
    assert not trade.ambiguous
    check(case, trade)


@given(cases())
def test_with_seconds_and_prints_the_walk_is_the_truth(case: Case):
    trade = carry(case, whole(case), spot=True)
    assert not trade.ambiguous
    check(case, trade)


@given(cases(commands=True))
def test_commands_at_any_instant_meet_the_truth(case: Case):
    trade = carry(case, whole(case))
    assert not trade.ambiguous
    check(case, trade)


@given(cases(commands=True))
def test_commands_at_any_instant_meet_the_truth_by_seconds(case: Case):
    trade = carry(case, whole(case), spot=True)
    assert not trade.ambiguous
    check(case, trade)


@given(cases())
def test_without_finer_data_what_is_not_flagged_is_the_truth(case: Case):
    trade = carry(case, whole(case), known=False)
    if not trade.ambiguous:
        check(case, trade)


@given(cases(commands=True))
def test_without_finer_data_commands_not_flagged_meet_the_truth(case: Case):
    trade = carry(case, whole(case), known=False)
    if not trade.ambiguous:
        check(case, trade)


@given(cases())
def test_what_is_flagged_is_never_better_than_the_truth(case: Case):
    trade = carry(case, whole(case), known=False)
    truth = case.truth()
    if trade.ambiguous:
        assert _RANK.index(trade.status) <= _RANK.index(truth.status)


@given(cases())
def test_a_flagged_stop_is_not_filled_better_than_a_true_one_of_its_minute(case: Case):
    trade, truth = carry(case, whole(case), known=False), case.truth()
    if trade.ambiguous and trade.status == truth.status == "CLOSED_SL":
        same_minute = floor_minute(trade.exit.time) == floor_minute(at(truth.exit_time))
        sign = case.bracket.sign
        assert not same_minute or sign * trade.exit.price <= sign * price(truth.exit_reference)
