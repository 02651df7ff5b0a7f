"""Open a paper trade: at once at bid or ask, or resting until the path reaches its limit."""

import hashlib
from datetime import datetime
from decimal import Decimal

import msgspec

from services.binance.brackets import shipped
from services.coordination import doorbell
from services.db import accounts, brackets, clock, idempotency, instruments, positions, settlement, trades, watermarks
from services.db.accounts import Account
from services.db.pool import Connection
from services.db.settlement import NotEnoughBalance
from services.domain.brackets import Brackets
from services.domain.changes import created
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.fills import Slippage, half_spread
from services.domain.limits import check_leverage, check_usage
from services.domain.market import Instrument, Market, Quote
from services.domain.opening import Order, enter_at_quote, is_marketable, rest
from services.domain.path import floor_minute
from services.domain.plan import Plan
from services.domain.planning import check_plan, on_grid
from services.domain.sizing import Sizing
from services.domain.trade import Label, Trade
from services.domain.view import TradeView, trade_view
from services.usecases.context import Services
from services.usecases.equity import equity_of
from services.usecases.new_trade import NewTrade, wanted_plan, wanted_sizing
from services.usecases.quotes import fresh_quote


class Opened(msgspec.Struct, frozen=True):
    """The trade's view as JSON; `repeated` when an earlier request with the same key had made it."""

    body: bytes
    repeated: bool = False


async def open_trade(services: Services, account_id: int, wish: NewTrade, key: str | None = None) -> Opened:
    """Make the trade, exactly once for a given `key`.

    Raises InvalidInput naming the field, NotFound, or Conflict (suspended, no fresh price, balance too small, a limit
    of the account exceeded).
    """
    async with services.pool.connection() as connection:
        scope = f"open_trade:{account_id}"
        if key is not None:
            answered = await idempotency.claim(connection, scope, key, _fingerprint(wish))
            if answered is not None:
                return Opened(answered, repeated=True)
        account, trade = await _prepare(services, connection, account_id, wish)
        at = await clock.transaction_time(connection)
        body = msgspec.json.encode(trade_view(trade, at))
        if key is not None:
            await idempotency.store(connection, scope, key, body)
        try:
            streams = await settlement.settle_and_commit(connection, [created(trade)], at=at)
        except NotEnoughBalance:
            raise _refusal(account, trade) from None
    await doorbell.ring(services.redis, streams)
    return Opened(body)


async def preview_trade(services: Services, account_id: int, wish: NewTrade) -> TradeView:
    """The trade that `open_trade` would make now, with the same refusals; nothing is stored. Its id is not kept."""
    async with services.pool.connection() as connection:
        account, trade = await _prepare(services, connection, account_id, wish)
        at = await clock.transaction_time(connection)
        await connection.rollback()
    if created(trade).funds_needed > account.free:
        raise _refusal(account, trade)
    return trade_view(trade, at)


async def _prepare(
    services: Services, connection: Connection, account_id: int, wish: NewTrade
) -> tuple[Account, Trade]:
    """The new trade, checked against everything but the free balance; watermark and limits stay locked."""
    plan, sizing = wanted_plan(wish), wanted_sizing(wish)
    instrument, account = await _whose(connection, account_id, wish)
    plan = on_grid(plan, instrument.filters)
    check_plan(plan, instrument)
    check_leverage(account.limits, plan.leverage)
    quote = await fresh_quote(services, instrument)
    now = await services.clock.now(instrument.market)
    equity = (await equity_of(services, connection, account)).equity if sizing.needs_equity else None
    trade = await _make(connection, account, instrument, plan, wish, quote, now, sizing, equity)
    if account.limits.need_usage:
        # Locked after the watermark, as everybody does: two openings at once must not both pass.
        await accounts.load(connection, account.id, lock=True)
        usage = await positions.usage(connection, account.id, instrument.id, plan.direction)
        check_usage(account.limits, usage, trade)
    return account, trade


async def _whose(connection: Connection, account_id: int, wish: NewTrade) -> tuple[Instrument, Account]:
    found = await instruments.by_symbols(connection, wish.market_type, [wish.symbol])
    if not found:
        raise InvalidInput("unknown_symbol", f"{wish.market_type} lists no {wish.symbol!r}", field="symbol")
    account = await accounts.load(connection, account_id)
    if account is None:
        raise NotFound("no_such_account", f"there is no account {account_id}", field="account_id")
    return found[0], account


async def _make(
    connection: Connection,
    account: Account,
    instrument: Instrument,
    plan: Plan,
    wish: NewTrade,
    quote: Quote,
    now: datetime,
    sizing: Sizing,
    equity: Decimal | None,
) -> Trade:
    """The new trade, active from now or from the watermark; its instrument's watermark stays locked."""
    await watermarks.skip_idle_to(connection, [instrument.id], floor_minute(now))
    mark = (await watermarks.lock(connection, [instrument.id]))[instrument.id]
    order = Order(
        trade_id=(await trades.next_ids(connection, 1))[0],
        account_id=account.id,
        instrument=instrument,
        plan=plan,
        label=Label(now, wish.source, wish.notes),
        at=max(now, mark.judged_to),
        fees=account.fees(instrument.market),
        fill_model=wish.fill_model or account.fill_model,
        slippage=Slippage(half_spread(quote), mark.average_range),
        brackets=await _brackets(connection, instrument),
        sizing=sizing,
        equity=equity,
    )
    return enter_at_quote(order, quote) if is_marketable(plan, quote) else rest(order)


async def _brackets(connection: Connection, instrument: Instrument) -> Brackets:
    """An operator's brackets before the shipped ones; none on the spot market."""
    if instrument.market is Market.SPOT:
        return ()
    return await brackets.brought(connection, instrument.symbol) or shipped(instrument.symbol)


def _fingerprint(wish: NewTrade) -> str:
    return hashlib.sha256(msgspec.json.encode(wish, order="deterministic")).hexdigest()


def _refusal(account: Account, trade: Trade) -> Conflict:
    needed = created(trade).funds_needed
    return Conflict(
        "insufficient_balance",
        f"the trade needs {needed.normalize():f} USDT, the account has {account.free.normalize():f} free",
        field="position_size",
        numbers={"needed": needed, "free": account.free},
    )
