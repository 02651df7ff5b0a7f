"""Open a paper trade: at once at bid or ask, or resting until the path reaches its limit."""

import msgspec

from services.coordination import doorbell
from services.db import accounts, clock, instruments, settlement
from services.db.accounts import Account
from services.db.pool import Connection
from services.db.settlement import NotEnoughBalance
from services.domain.changes import created
from services.domain.errors import InvalidInput, NotFound, Refused
from services.domain.market import Instrument
from services.domain.trade import Trade
from services.domain.view import TradeView, trade_view
from services.usecases.context import Services
from services.usecases.halt import refused_new_trades
from services.usecases.make_trades import Wanted, checked_plan, make_trades, too_little
from services.usecases.new_trade import NewTrade
from services.usecases.once import Keyed
from services.usecases.quotes import fresh_quote


class Opened(msgspec.Struct, frozen=True):
    """The trade's view as JSON; `repeated` when an earlier request with the same key had made it."""

    body: bytes
    repeated: bool = False


async def open_trade(services: Services, account_id: int, wish: NewTrade, key: str | None = None) -> Opened:
    """Make the trade, exactly once for a given `key`.

    Raises InvalidInput naming the field, NotFound, or Conflict (suspended, no fresh price, balance too small, a limit
    of the account exceeded, new trades halted).
    """
    async with services.pool.connection() as connection:
        keyed = Keyed(f"open_trade:{account_id}", key, wish)
        answered = await keyed.claim(connection)
        if answered is not None:
            return Opened(answered, repeated=True)
        account, trade = await _prepare(services, connection, account_id, wish)
        at = await clock.transaction_time(connection)
        body = msgspec.json.encode(trade_view(trade, at))
        await keyed.keep(connection, body)
        try:
            streams = await settlement.settle_and_commit(connection, [created(trade)], at=at)
        except NotEnoughBalance:
            raise too_little(created(trade).funds_needed, account.free) from None
    await doorbell.ring(services.redis, streams)
    return Opened(body)


async def preview_trade(services: Services, account_id: int, wish: NewTrade) -> TradeView:
    """The trade that `open_trade` would make now, with the same refusals; nothing is stored. Its id is not kept."""
    async with services.pool.connection() as connection:
        _, trade = await _prepare(services, connection, account_id, wish)
        at = await clock.transaction_time(connection)
        await connection.rollback()
    return trade_view(trade, at)


async def _prepare(
    services: Services, connection: Connection, account_id: int, wish: NewTrade
) -> tuple[Account, Trade]:
    """The new trade, checked against everything; watermark and limits stay locked."""
    halted = await refused_new_trades(connection)
    if halted is not None:
        raise halted
    instrument, account = await _whose(connection, account_id, wish)
    checked_plan(account, instrument, wish)
    quote = await fresh_quote(services, instrument)
    (made,) = await make_trades(services, connection, [Wanted(account, instrument, wish, quote)])
    if isinstance(made, Refused):
        raise made
    return account, made


async def _whose(connection: Connection, account_id: int, wish: NewTrade) -> tuple[Instrument, Account]:
    found = await instruments.by_symbols(connection, wish.market_type, [wish.symbol])
    if not found:
        raise InvalidInput("unknown_symbol", f"{wish.market_type} lists no {wish.symbol!r}", field="symbol")
    account = await accounts.load(connection, account_id)
    if account is None:
        raise NotFound("no_such_account", f"there is no account {account_id}", field="account_id")
    return found[0], account
