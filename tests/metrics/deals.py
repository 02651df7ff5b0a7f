"""Deals: trades that are opened and closed by the one writer of trades, as hypothesis likes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from services.db import settlement, trades
from services.domain.changes import Change, created
from services.domain.excursion import in_r, initial_risk
from services.domain.fees import DEFAULT_FEES, FillRole
from services.domain.fills import NO_SLIPPAGE, FillModel
from services.domain.market import Market, Quote
from services.domain.metrics.tally import Closed
from services.domain.money import margin
from services.domain.opening import Order, enter_at_quote
from services.domain.path import MINUTE
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.profit import exited, fees, funding
from services.domain.trade import DecidedBy, Evidence, Fill, Label, Reason, Trade
from tests.evaluation.desk import START, Desk

PLACES = ((Market.SPOT, "BTCUSDT"), (Market.FUTURES, "BTCUSDT"), (Market.FUTURES, "ETHUSDT"))


@dataclass(frozen=True)
class Deal:
    """A trade from 100 USDT to `price`, opened so many minutes after START and held for a while."""

    account: int
    place: int
    direction: Direction
    source: str
    reason: Reason
    opened: int
    held: int
    price: int
    ambiguous: bool = False


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    place = draw(st.integers(0, 2))
    return Deal(
        account=draw(st.integers(0, 1)),
        place=place,
        direction=Direction.LONG if place == 0 else draw(st.sampled_from(Direction)),
        source=draw(st.sampled_from(["scanner", "tv"])),
        reason=draw(st.sampled_from([Reason.TAKE_PROFIT, Reason.STOP_LOSS, Reason.MANUAL])),
        opened=draw(st.integers(0, 3000)),
        held=draw(st.sampled_from([0, 1, 61, 200, 1500, 4000])),
        price=draw(st.integers(97, 104)),
        ambiguous=draw(st.booleans()),
    )


async def closings(desk: Desk, wanted: Sequence[Deal], accounts: Sequence[int]) -> list[Change]:
    """The deals opened in one transaction; their closings, to be settled in any order."""
    async with desk.pool.connection() as connection:
        ids = await trades.next_ids(connection, len(wanted))
        opened = [_opened(desk, id_, deal, accounts) for id_, deal in zip(ids, wanted, strict=True)]
        await settlement.settle_and_commit(connection, [created(trade) for trade in opened], at=START)
    return [_closing(trade, deal) for trade, deal in zip(opened, wanted, strict=True)]


def _opened(desk: Desk, id_: int, deal: Deal, accounts: Sequence[int]) -> Trade:
    market, symbol = PLACES[deal.place]
    at, sign = START + deal.opened * MINUTE, deal.direction.sign
    plan = Plan(
        direction=deal.direction,
        entry_type=EntryType.MARKET,
        limit_price=None,
        stop_loss=Decimal(100 - 5 * sign),
        targets=(Target(Decimal(100 + 9 * sign)),),
        position_size=Decimal(100),
        leverage=1,
    )
    order = Order(
        trade_id=id_,
        account_id=accounts[deal.account],
        instrument=desk.instrument(symbol, market),
        plan=plan,
        label=Label(at, deal.source, ""),
        at=at,
        fees=DEFAULT_FEES[market],
        fill_model=FillModel.OPTIMISTIC,
        slippage=NO_SLIPPAGE,
    )
    return enter_at_quote(order, Quote(Decimal(100), Decimal(100), Decimal(100), at))


def _closing(trade: Trade, deal: Deal) -> Change:
    at = START + (deal.opened + deal.held) * MINUTE + timedelta(seconds=deal.price)
    price = Decimal(deal.price)
    fill = Fill(
        at, price, FillRole.TAKER, trade.fees.fee(FillRole.TAKER, price, trade.quantity), Evidence(DecidedBy.BAR)
    )
    after = exited(trade.changed(ambiguous=deal.ambiguous), fill, deal.reason, trade.quantity)
    return Change(before=trade, after=after, steps=(after,))


def closed(change: Change) -> Closed:
    """What the figures need of it; with no bar stored, the excursions are those of the fills."""
    trade = change.after
    assert trade.entry
    assert trade.exit
    assert trade.profit_loss is not None
    move = (trade.exit.price - trade.entry.price) * trade.plan.direction.sign * trade.quantity
    return Closed(
        id=trade.id,
        entry_time=trade.entry.time,
        exit_time=trade.exit.time,
        profit_loss=trade.profit_loss,
        fees=fees(trade) or Decimal(0),
        funding=funding(trade) or Decimal(0),
        margin=margin(trade.entry.price, trade.quantity, trade.plan.leverage),
        r_multiple=in_r(trade.profit_loss, initial_risk(trade)),
        mae=min(move, Decimal(0)),
        mfe=max(move, Decimal(0)),
        ambiguous=trade.ambiguous,
    )
