"""A dry run: what storing a signal would do now, on each account that follows. Nothing is stored."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from services.db import follows, signals
from services.db.decisions import Pair
from services.db.pool import Connection
from services.db.signals import SignalView
from services.db.sources import Source
from services.domain.errors import Refused, Unavailable
from services.domain.market import Market
from services.domain.signal import SignalAction, SignalStatus
from services.domain.trade import Trade
from services.domain.view import TradeView, trade_view
from services.usecases.close_by_signals import TRANSIENT, plan_exits
from services.usecases.context import Services
from services.usecases.make_trades import make_trades
from services.usecases.receive_alert import meant
from services.usecases.sources import Asking, own_source, source_named
from services.usecases.store_signals import Incoming, exchange_times, plan_rows
from services.usecases.trade_signals import choose, look

NOT_STORED = 0
"""The id of what is not stored."""


Would = Literal["accepted", "closed", "rejected", "expired", "waiting"]


class WouldBe(msgspec.Struct, frozen=True, kw_only=True):
    """What an account would do: the trade with its size, risk and liquidation price, or the refusal.

    outcome is `accepted`, `rejected`, `expired`, or `waiting` where only a fresh price is missing now; of an EXIT
    `closed`, with the trades that it ends.
    """

    account_id: int
    outcome: Would
    closes: tuple[int, ...] = ()
    trade: TradeView | None = None
    code: str | None = None
    reason: str | None = None
    field: str = ""
    numbers: dict[str, str] = {}


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """The signal as it would be stored, id 0; `repeats` is the signal that it would be taken for, if there is one.

    Its source_id is 0 where the source would be made with it.

    accounts are the caller's that follow the source; empty where the signal is REJECTED for what it says.
    """

    signal: SignalView
    repeats: int | None
    auto_trade: bool
    accounts: list[WouldBe]


async def validate_signal(
    services: Services, who: Asking, source: str, incoming: Incoming, *, followed_by: int | None
) -> Validation:
    """What `ensure_source`, `store_signals` and trading after them would do. Raises what the first of them raises."""
    now = await exchange_times(services)
    async with services.pool.connection() as connection:
        named, is_new = await source_named(services, connection, who.user_id, source, followed_by=followed_by)
        validation = await _dry_run(services, connection, who, named, incoming, now)
    if is_new:
        signal = msgspec.structs.replace(validation.signal, source_id=NOT_STORED)
        validation = msgspec.structs.replace(validation, signal=signal)
    return validation


async def validate_body(services: Services, who: Asking, source_id: int, body: bytes) -> Validation:
    """The same of an alert's body. What cannot be read is told as it would be stored: REJECTED, with the rule.

    Raises NotFound for a source that is not one's own.
    """
    now = await exchange_times(services)
    async with services.pool.connection() as connection:
        source = await own_source(connection, who, source_id)
        return await _dry_run(services, connection, who, source, meant(body, None, source.settings), now)


async def _dry_run(
    services: Services,
    connection: Connection,
    who: Asking,
    source: Source,
    incoming: Incoming,
    now: Mapping[Market, datetime],
) -> Validation:
    """What storing and trading it would come to; the transaction is rolled back then."""
    ids, rows = await plan_rows(connection, source, [incoming], now)
    would: list[WouldBe] = []
    if rows:
        await signals.insert(connection, rows)
    seen = (await signals.view(connection, ids))[ids[0]]
    if seen.status in (SignalStatus.ACTIVE, SignalStatus.EXECUTED):
        pairs = await _pairs(connection, who, source, seen.id)
        would_be = _would_open if seen.action is SignalAction.ENTRY else _would_end
        would = await would_be(services, connection, pairs, seen) if pairs else []
    await connection.rollback()
    stored = msgspec.structs.replace(seen, id=NOT_STORED) if rows else seen
    return Validation(
        signal=stored, repeats=None if rows else seen.id, auto_trade=source.settings.auto_trade, accounts=would
    )


async def _pairs(connection: Connection, who: Asking, source: Source, signal_id: int) -> list[Pair]:
    following = await follows.of_source(connection, source.id, who.account_ids)
    return [Pair(signal_id, follow.account_id, source.user_id == who.user_id, follow.overrides) for follow in following]


async def _would_end(
    services: Services, connection: Connection, pairs: Sequence[Pair], seen: SignalView
) -> list[WouldBe]:
    try:
        plans, _ = await plan_exits(services, connection, pairs, {seen.id: seen})
    except Unavailable as error:
        return _unknown(pairs, error)
    return [
        _refusal(plan.pair, plan.refused)
        if plan.refused is not None
        else WouldBe(account_id=plan.pair.account_id, outcome="closed", closes=plan.trade_ids)
        for plan in plans
    ]


def _unknown(pairs: Sequence[Pair], error: Unavailable) -> list[WouldBe]:
    return [
        WouldBe(account_id=pair.account_id, outcome="waiting", code="unavailable", reason=str(error)) for pair in pairs
    ]


async def _would_open(
    services: Services, connection: Connection, pairs: Sequence[Pair], seen: SignalView
) -> list[WouldBe]:
    try:
        market = await look(services, connection, pairs, {seen.id: seen})
        wanted, refused = choose(market, pairs)
        made = await make_trades(services, connection, [each for _, each in wanted])
    except Unavailable as error:
        return _unknown(pairs, error)
    found = [_refusal(pair, why) for pair, why in refused]
    for (pair, _), each in zip(wanted, made, strict=True):
        found.append(_refusal(pair, each) if isinstance(each, Refused) else _trade(pair, each))
    return sorted(found, key=lambda each: each.account_id)


def _trade(pair: Pair, trade: Trade) -> WouldBe:
    view = msgspec.structs.replace(trade_view(trade, datetime.now(UTC)), id=NOT_STORED, signal_id=None)
    return WouldBe(account_id=pair.account_id, outcome="accepted", trade=view)


def _refusal(pair: Pair, why: Refused) -> WouldBe:
    outcome: Would = "expired" if why.code == "signal_expired" else "waiting" if why.code in TRANSIENT else "rejected"
    return WouldBe(
        account_id=pair.account_id,
        outcome=outcome,
        code=why.code,
        reason=why.message,
        field=why.field,
        numbers=why.numbers,
    )
