"""A trade as people and programs read it: in the API, in events, in exports."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.market import Market
from services.domain.profit import margin
from services.domain.trade import Direction, EntryType, Evidence, Fill, Trade, TradeStatus

_HOUR_SECONDS = Decimal(3600)
_PERCENT_STEP = Decimal("0.0001")
_RATIO_STEP = Decimal("0.01")


class SymbolDetail(msgspec.Struct, frozen=True):
    """The instrument of a trade."""

    instrument_id: int
    symbol: str
    market_type: Market
    base_asset: str
    quote_asset: str
    status: str
    tick_size: Decimal
    step_size: Decimal


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One trade. Money and prices are strings in JSON, times ISO 8601 UTC.

    entry_price is the fill once there is one, else the limit; exit and profit fields are null while it is live.
    profit_loss_percentage = 100 x profit_loss / margin. risk_reward_ratio = |target - entry| / |entry - stop|.
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
    entry_role: str | None
    entry_evidence: Evidence | None
    stop_loss: Decimal
    take_profit: Decimal
    position_size: Decimal
    quantity: Decimal
    leverage: int
    margin: Decimal
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_fee: Decimal | None
    exit_role: str | None
    exit_reason: str | None
    exit_evidence: Evidence | None
    fees: Decimal | None
    profit_loss: Decimal | None
    profit_loss_percentage: Decimal | None
    is_open: bool
    is_profitable: bool | None
    duration_hours: Decimal | None
    risk_reward_ratio: Decimal
    fill_model: str
    ambiguous: bool
    held_from: datetime | None
    source: str
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime


_EXIT_REASONS = {
    TradeStatus.CLOSED_TP: "take_profit",
    TradeStatus.CLOSED_SL: "stop_loss",
    TradeStatus.CLOSED_MANUAL: "manual",
    TradeStatus.CLOSED_LIQUIDATED: "liquidation",
    TradeStatus.CLOSED_EXPIRED: "expired",
    TradeStatus.CANCELLED: "cancelled",
}


def trade_view(trade: Trade, updated_at: datetime) -> TradeView:
    """`trade` as it stood at `updated_at`."""
    plan, entry, exit_ = trade.plan, trade.entry, trade.exit
    price = entry.price if entry else plan.limit_price
    assert price is not None
    held_back = margin(price, trade.quantity, plan.leverage)
    net = trade.profit_loss
    return TradeView(
        id=trade.id,
        account_id=trade.account_id,
        signal_id=None,
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
        stop_loss=plan.stop_loss,
        take_profit=plan.take_profit,
        position_size=plan.position_size,
        quantity=trade.quantity,
        leverage=plan.leverage,
        margin=held_back,
        exit_price=exit_.price if exit_ else None,
        exit_time=exit_.time if exit_ else None,
        exit_fee=exit_.fee if exit_ else None,
        exit_role=exit_.role if exit_ else None,
        exit_reason=_EXIT_REASONS.get(trade.status),
        exit_evidence=exit_.evidence if exit_ else None,
        fees=sum((fill.fee for fill in (entry, exit_) if fill), Decimal(0)) if entry else None,
        profit_loss=net,
        profit_loss_percentage=None if net is None else (100 * net / held_back).quantize(_PERCENT_STEP),
        is_open=trade.status is TradeStatus.OPEN,
        is_profitable=None if net is None else net > 0,
        duration_hours=_duration_hours(entry, exit_),
        risk_reward_ratio=(abs(plan.take_profit - price) / abs(price - plan.stop_loss)).quantize(_RATIO_STEP)
        if price != plan.stop_loss
        else Decimal(0),
        fill_model=trade.fill_model,
        ambiguous=trade.ambiguous,
        held_from=trade.held_from,
        source=trade.label.source,
        notes=trade.label.notes,
        version=trade.version,
        created_at=trade.label.created_at,
        updated_at=updated_at,
    )


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
    seconds = span.days * 86_400 + span.seconds + Decimal(span.microseconds) / 1_000_000
    return (seconds / _HOUR_SECONDS).quantize(_PERCENT_STEP)
