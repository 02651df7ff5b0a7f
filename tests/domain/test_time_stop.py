"""Time stops that fall due while nothing is traded."""

from datetime import timedelta

from services.domain.command import Command, CommandKind
from services.domain.judge import Need
from services.domain.path import MINUTE, Path
from services.domain.plan import Rules
from services.domain.trade import Reason
from services.domain.walk import walk
from tests.domain.tapes import INSTRUMENT, START
from tests.domain.test_walk import GONE, D, bar, long, ruled


def test_a_time_stop_that_was_due_in_silence_goes_with_the_next_open():
    trade = ruled(long(), Rules(time_stop=timedelta(seconds=30)))  # due at minute 2
    calm = (bar("100 101 99.1 100", 1), bar("100.5 101 99.1 100", 5))
    ended = walk(trade, Path(INSTRUMENT.id, START, START + 6 * MINUTE, calm), since=START).trade
    assert (ended.status, ended.ended_by) == ("CLOSED_EXPIRED", Reason.TIME_STOP)
    assert (ended.exit.time, ended.exit.price) == (START + 5 * MINUTE, D("100.5"))


def test_a_time_stop_that_was_due_in_silence_may_go_with_the_first_print_before_a_command_or_after():
    trade = ruled(long(), Rules(time_stop=timedelta(seconds=30)))  # due at minute 2
    path = Path(INSTRUMENT.id, START, START + 6 * MINUTE, (bar("100 101 99.1 100", 1), bar("100.5 101 99.1 100", 5)))
    edit = Command(kind=CommandKind.EDIT, at=START + 5 * MINUTE + timedelta(seconds=20), stop_loss=D("99.05"))
    assert walk(trade, path, since=START, command=edit).need == Need(START + 5 * MINUTE)
    ended = walk(trade, path, since=START, command=edit, finer={START + 5 * MINUTE: GONE}).trade
    assert (ended.status, ended.ambiguous) == ("CLOSED_EXPIRED", True)
