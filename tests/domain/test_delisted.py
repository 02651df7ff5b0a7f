"""What becomes of a trade whose pair has ended: no order, so neither fee nor slippage."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.domain.executions import delisted
from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.path import MINUTE
from services.domain.profit import exited
from services.domain.trade import DecidedBy, Evidence, Fill, Reason, TradeStatus
from tests.domain.tapes import START, make_trade

D = Decimal
END = START + 9 * MINUTE


@pytest.mark.parametrize(
    ("price", "settled", "by", "ambiguous"),
    [(D(110), D(110), DecidedBy.SETTLEMENT, False), (None, D("100.1"), DecidedBy.LAST_PRICE, True)],
)
def test_an_open_trade_is_settled_at_the_price_or_without_one_at_its_entry(price, settled, by, ambiguous):
    ended = delisted(make_trade(1, None, 900, 1200, 0, FillModel.HARSH), END, price, by)
    assert (ended.status, ended.ended_by, ended.ambiguous) == (
        TradeStatus.CLOSED_EXPIRED, Reason.DELISTED, ambiguous)  # fmt: skip
    assert ended.exit == Fill(END, settled, FillRole.TAKER, D(0), Evidence(by))
    assert ended.remaining == 0


def test_one_that_waits_for_its_entry_is_cancelled():
    ended = delisted(make_trade(1, 999, 900, 1200, 0, FillModel.HARSH), END, D(50), DecidedBy.OPERATOR)
    assert (ended.status, ended.ended_by, ended.reserved) == (TradeStatus.CANCELLED, Reason.DELISTED, 0)
    assert not ended.ambiguous


def test_it_never_ends_before_its_own_last_fill():
    trade = make_trade(1, None, 900, 1200, 30_000, FillModel.OPTIMISTIC)
    assert delisted(trade, START, D(110), DecidedBy.OPERATOR).exit.time == trade.entry.time
    later = trade.entry.time + timedelta(seconds=9)
    part = exited(trade, Fill(later, D(101), FillRole.MAKER, D(0), Evidence(DecidedBy.BAR)), Reason.TAKE_PROFIT, D(2))
    ended = delisted(part, trade.entry.time, D(110), DecidedBy.OPERATOR)
    assert (ended.exit.time, ended.exits[-1].quantity) == (later, part.remaining)
