"""A trade as people and programs read it: in the API, in events, in exports."""

from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from services.domain.excursion import in_r, initial_risk
from services.domain.fees import FillRole
from services.domain.fills import FillModel
from services.domain.market import InstrumentStatus, Market
from services.domain.money import ledger_amount, margin
from services.domain.plan import Direction, EntryType, Rules
from services.domain.profit import average_exit_price, fees, funding
from services.domain.trade import Evidence, Exit, Fill, Reason, Trade, TradeStatus

_HOUR_MICROSECONDS = Decimal(3_600_000_000)
_PERCENT_STEP = Decimal("0.0001")
_RATIO_STEP = Decimal("0.01")


class SymbolDetail(msgspec.Struct, frozen=True):
    """The instrument of a trade."""

    instrument_id: int
    symbol: str
    market_type: Market
    base_asset: str
    quote_asset: str
    status: InstrumentStatus
    tick_size: Decimal
    step_size: Decimal


class TargetView(msgspec.Struct, frozen=True):
    """A take-profit of the plan: its price, the share of the quantity it closes, and whether it has filled."""

    price: Decimal
    fraction: Decimal
    filled: bool


class ExitView(msgspec.Struct, frozen=True):
    """A part of the quantity that has left.

    profit_loss is this part's: gross profit - fee - funding, the loss capped; the entry fee is apart. funding is what
    all that was held since the part before has paid, negative was received.
    """

    part: int
    reason: Reason
    time: datetime
    price: Decimal
    quantity: Decimal
    role: FillRole
    fee: Decimal
    gross: Decimal
    funding: Decimal
    profit_loss: Decimal
    evidence: Evidence


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One trade. Money and prices are strings in JSON, times ISO 8601 UTC.

    entry_price is the fill once there is one, else the limit; exit and profit fields are null while it is live.
    stop_loss is where the stop stands now, initial_stop_loss where the plan had it, stop_reason what put it there;
    take_profit is the next target's price, the last one's once all have filled, null without targets. exit_price is
    the mean of all exits, weighted by quantity; exit_fee, exit_role and exit_evidence are the last one's.
    taker_rate is the fee of an exit at the market, as a fraction of its notional; funding_due what of settled
    funding the rest owes, booked when it leaves: what a reader needs to mark an open trade to the market.
    liquidation_price is the mark price at which a live futures trade is liquidated; null where no price does that.
    realized_profit_loss is what the exits so far leave without the entry fee.
    profit_loss_percentage = 100 x profit_loss / margin. r_multiple = profit_loss / (|entry - initial stop| x quantity).
    mae and mfe are the worst and the best unrealized gross profit of a closed trade while it was held, in USDT for all
    its quantity, judged on its fills and every whole minute between entry and exit; mae_r and mfe_r the same in units
    of its initial risk. They are null where those minutes are not all stored.
    A VOIDED trade counts for nothing, for its void_reason: its profit is 0, its fills and exits stay to be looked at.
    risk_reward_ratio = |target - entry| / |entry - initial stop|, targets weighted by their fractions.
    """

    id: int
    account_id: int
    signal_id: int | None
    symbol: str
    symbol_detail: SymbolDetail
    market_type: Market
    direction: Direction
    entry_type: EntryType
    status: TradeStatus
    entry_price: Decimal
    entry_time: datetime | None
    entry_fee: Decimal | None
    entry_role: FillRole | None
    entry_evidence: Evidence | None
    stop_loss: Decimal
    initial_stop_loss: Decimal
    stop_reason: Reason
    take_profit: Decimal | None
    take_profits: tuple[TargetView, ...]
    rules: Rules
    trail_level: Decimal | None
    position_size: Decimal
    quantity: Decimal
    remaining_quantity: Decimal
    leverage: int
    margin: Decimal
    taker_rate: Decimal
    funding_due: Decimal
    liquidation_price: Decimal | None
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_fee: Decimal | None
    exit_role: FillRole | None
    exit_reason: Reason | None
    exit_evidence: Evidence | None
    exits: tuple[ExitView, ...]
    realized_profit_loss: Decimal
    fees: Decimal | None
    funding: Decimal | None
    profit_loss: Decimal | None
    profit_loss_percentage: Decimal | None
    r_multiple: Decimal | None
    mae: Decimal | None
    mfe: Decimal | None
    mae_r: Decimal | None
    mfe_r: Decimal | None
    is_open: bool
    is_profitable: bool | None
    duration_hours: Decimal | None
    risk_reward_ratio: Decimal | None
    fill_model: FillModel
    ambiguous: bool
    void_reason: str | None
    held_from: datetime | None
    source: str
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime


V = TypeVar("V", bound=TradeView)


def trade_view(trade: Trade, updated_at: datetime) -> TradeView:
    """`trade` as it stood at `updated_at`."""
    return view_into(TradeView, trade, updated_at)


def view_into(kind: type[V], trade: Trade, updated_at: datetime) -> V:
    """The same as a kind of view with fields of its own, which have their defaults."""
    plan, entry, exit_, far = trade.plan, trade.entry, trade.exit, trade.excursion
    price = entry.price if entry else plan.limit_price
    assert price is not None
    held_back = margin(price, trade.quantity, plan.leverage)
    net = trade.profit_loss
    risk = None if net is None else initial_risk(trade)
    return kind(
        id=trade.id,
        account_id=trade.account_id,
        signal_id=trade.label.signal_id,
        symbol=trade.instrument.symbol,
        symbol_detail=symbol_detail(trade),
        market_type=trade.instrument.market,
        direction=plan.direction,
        entry_type=plan.entry_type,
        status=trade.status,
        entry_price=price,
        entry_time=entry.time if entry else None,
        entry_fee=entry.fee if entry else None,
        entry_role=entry.role if entry else None,
        entry_evidence=entry.evidence if entry else None,
        stop_loss=trade.stop.price,
        initial_stop_loss=plan.stop_loss,
        stop_reason=trade.stop.reason,
        take_profit=_next_target(trade),
        take_profits=tuple(
            TargetView(target.price, target.fraction, number < trade.targets_filled)
            for number, target in enumerate(plan.targets)
        ),
        rules=plan.rules,
        trail_level=trade.trail.level if trade.trail else None,
        position_size=plan.position_size,
        quantity=trade.quantity,
        remaining_quantity=trade.remaining if trade.status.is_live else Decimal(0),
        leverage=plan.leverage,
        margin=held_back,
        taker_rate=trade.fees.taker,
        funding_due=_funding_due(trade),
        liquidation_price=trade.liquidation_price,
        exit_price=average_exit_price(trade) if exit_ else None,
        exit_time=exit_.time if exit_ else None,
        exit_fee=exit_.fee if exit_ else None,
        exit_role=exit_.role if exit_ else None,
        exit_reason=trade.ended_by,
        exit_evidence=exit_.evidence if exit_ else None,
        exits=tuple(exit_view(number, each) for number, each in enumerate(trade.exits, start=1)),
        realized_profit_loss=sum((each.net for each in trade.exits), Decimal(0)),
        fees=fees(trade),
        funding=funding(trade),
        profit_loss=net,
        profit_loss_percentage=None if net is None else (100 * net / held_back).quantize(_PERCENT_STEP),
        r_multiple=in_r(net, risk),
        mae=far.mae if far else None,
        mfe=far.mfe if far else None,
        mae_r=in_r(far.mae, risk) if far else None,
        mfe_r=in_r(far.mfe, risk) if far else None,
        is_open=trade.status is TradeStatus.OPEN,
        is_profitable=None if net is None else net > 0,
        duration_hours=_duration_hours(entry, exit_),
        risk_reward_ratio=_risk_reward(trade, price),
        fill_model=trade.fill_model,
        ambiguous=trade.ambiguous,
        void_reason=trade.void_reason,
        held_from=trade.held_from,
        source=trade.label.source,
        notes=trade.label.notes,
        version=trade.version,
        created_at=trade.label.created_at,
        updated_at=updated_at,
    )


def exit_view(part: int, exit_: Exit) -> ExitView:
    """One exit as people read it."""
    fill = exit_.fill
    return ExitView(
        part=part,
        reason=exit_.reason,
        time=fill.time,
        price=fill.price,
        quantity=exit_.quantity,
        role=fill.role,
        fee=fill.fee,
        gross=exit_.gross,
        funding=exit_.funding,
        profit_loss=exit_.net,
        evidence=fill.evidence,
    )


def _next_target(trade: Trade) -> Decimal | None:
    targets = trade.plan.targets
    return targets[min(trade.targets_filled, len(targets) - 1)].price if targets else None


def _funding_due(trade: Trade) -> Decimal:
    if trade.status is not TradeStatus.OPEN:
        return Decimal(0)
    return ledger_amount(trade.funding.total * trade.plan.direction.sign * trade.remaining) or Decimal(0)


def _risk_reward(trade: Trade, entry: Decimal) -> Decimal | None:
    """Mean distance of the targets from the entry, weighted by fraction, over that of the plan's stop."""
    plan = trade.plan
    if not plan.targets or entry == plan.stop_loss:
        return None
    reward = sum((abs(target.price - entry) * target.fraction for target in plan.targets), Decimal(0))
    return (reward / abs(entry - plan.stop_loss)).quantize(_RATIO_STEP)


def symbol_detail(trade: Trade) -> SymbolDetail:
    """The instrument part of a trade's view."""
    instrument = trade.instrument
    return SymbolDetail(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        market_type=instrument.market,
        base_asset=instrument.base_asset,
        quote_asset="USDT",
        status=instrument.status,
        tick_size=instrument.filters.tick_size,
        step_size=instrument.filters.step_size,
    )


def _duration_hours(entry: Fill | None, exit_: Fill | None) -> Decimal | None:
    if entry is None or exit_ is None:
        return None
    span = exit_.time - entry.time
    microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return (Decimal(microseconds) / _HOUR_MICROSECONDS).quantize(_PERCENT_STEP)
