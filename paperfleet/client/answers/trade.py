"""Trades, with their exits and the history of their stops."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec


class SymbolDetail(msgspec.Struct, frozen=True):
    """The instrument of a trade; prices lie on `tick_size`, quantities on `step_size`."""

    instrument_id: int
    symbol: str
    market_type: str
    base_asset: str
    quote_asset: str
    status: str
    tick_size: Decimal
    step_size: Decimal


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What decided a fill: a bar of the path, or bid and ask; slippage in USDT of price."""

    decided_by: str
    bar: Any = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    slippage: Decimal = Decimal(0)


class Target(msgspec.Struct, frozen=True):
    """A take-profit: its price, and the share of the quantity that it closes."""

    price: Decimal
    fraction: Decimal = Decimal(1)


class PlannedTarget(Target, frozen=True):
    """A take-profit of a trade, and whether it has filled."""

    filled: bool = False


class Trailing(msgspec.Struct, frozen=True):
    """A stop `distance` (USDT) or `percent` behind the best price, from `activation` or the entry on."""

    distance: Decimal | None = None
    percent: Decimal | None = None
    activation: Decimal | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What shall happen on the way, beside stop and targets."""

    break_even_after: int | None = None
    follow_targets: bool = False
    trailing: Trailing | None = None
    time_stop: timedelta | None = None
    entry_expires_at: datetime | None = None
    cancel_on_target: bool = False
    cancel_on_stop: bool = False
    entry_zone: Decimal | None = None


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the quantity that has left; profit_loss is net of its fee and funding, without the entry fee."""

    part: int
    reason: str
    time: datetime
    price: Decimal
    quantity: Decimal
    role: str
    fee: Decimal
    gross: Decimal
    funding: Decimal
    profit_loss: Decimal
    evidence: Evidence


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade. Figures of its end are None while it is live, those of the market (last four) unless it is open."""

    id: int
    account_id: int
    signal_id: int | None
    symbol: str
    symbol_detail: SymbolDetail
    market_type: str
    direction: str
    entry_type: str
    status: str
    entry_price: Decimal
    entry_time: datetime | None
    entry_fee: Decimal | None
    entry_role: str | None
    entry_evidence: Evidence | None
    stop_loss: Decimal
    initial_stop_loss: Decimal
    stop_reason: str
    take_profit: Decimal | None
    take_profits: tuple[PlannedTarget, ...]
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
    exit_role: str | None
    exit_reason: str | None
    exit_evidence: Evidence | None
    exits: tuple[Exit, ...]
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
    fill_model: str
    ambiguous: bool
    void_reason: str | None
    held_from: datetime | None
    source: str
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime
    current_price: Decimal | None = None
    price_age_seconds: float | None = None
    unrealized_profit_loss: Decimal | None = None
    unrealized_profit_loss_percentage: Decimal | None = None


class Commanded(msgspec.Struct, frozen=True):
    """What a command on a trade came to.

    is_applied is False where it was accepted and the walk along the price path will apply it at its moment; `trade` is
    as it still stands then.
    """

    trade: Trade
    is_applied: bool


class Revision(msgspec.Struct, frozen=True):
    """Where stop and targets stood in one `version` of a trade, and what put the stop there."""

    version: int
    at: datetime
    stop_loss: Decimal
    stop_reason: str
    take_profits: tuple[Target, ...]
