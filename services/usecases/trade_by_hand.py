"""Trade a signal for one account by hand: what auto trading would do, when somebody says so."""

import contextlib

import msgspec

from services.coordination import doorbell
from services.db import clock, decisions, follows, settlement, signals
from services.db.decisions import Pair
from services.db.pool import Connection
from services.db.settlement import NotEnoughBalance
from services.db.signals import SignalView
from services.db.sources import Source
from services.domain.changes import created
from services.domain.errors import Conflict, NotFound, Refused, Unavailable
from services.domain.signal import SignalAction, SignalStatus
from services.domain.source import NO_OVERRIDES, Overrides, check_overrides
from services.domain.trade import Trade
from services.domain.view import trade_view
from services.usecases.context import Services
from services.usecases.make_trades import make_trades
from services.usecases.once import Keyed
from services.usecases.open_trade import Opened
from services.usecases.sources import Asking, check_account, own_source, readable_source
from services.usecases.trade_signals import choose, conclude_signals, look


async def trade_by_hand(
    services: Services,
    who: Asking,
    signal_id: int,
    account_id: int,
    overrides: Overrides = NO_OVERRIDES,
    key: str | None = None,
) -> Opened:
    """Open the signal's trade on the account, at most once whoever asks; where nothing is overridden, as it follows.

    Raises NotFound, or Conflict: the signal is over, the account has traded it, or the trade is refused.
    """
    check_overrides(overrides)
    check_account(who, account_id)
    async with services.pool.connection() as connection:
        keyed = Keyed(f"trade_signal:{account_id}", key, [signal_id, overrides])
        answered = await keyed.claim(connection)
        if answered is not None:
            return Opened(answered, repeated=True)
        trade = await _made(services, connection, who, signal_id, account_id, overrides)
        at = await clock.transaction_time(connection)
        body = msgspec.json.encode(trade_view(trade, at))
        await keyed.keep(connection, body)
        try:
            streams = await settlement.settle_and_commit(connection, [created(trade)], at=at)
        except NotEnoughBalance:
            raise Conflict("insufficient_balance", "the account's free balance went to another trade") from None
    await doorbell.ring(services.redis, streams)
    with contextlib.suppress(Unavailable):  # the next sweep does it
        await conclude_signals(services.as_system())
    return Opened(body)


async def _made(
    services: Services, connection: Connection, who: Asking, signal_id: int, account_id: int, overrides: Overrides
) -> Trade:
    await decisions.hold(connection, signal_id)
    signal = (await signals.view(connection, [signal_id])).get(signal_id)
    if signal is None:
        raise no_such_signal(signal_id)
    source = await source_of(connection, who, signal)
    _check_state(signal)
    for decided in (await decisions.of_signals(connection, [signal_id], [account_id])).get(signal_id, []):
        if decided.trade_id is not None:
            raise Conflict(
                "already_traded",
                f"account {account_id} has traded signal {signal_id}: trade {decided.trade_id}",
                field="signal_id",
                numbers={"trade_id": decided.trade_id},
            )
    if overrides == NO_OVERRIDES:
        follow = await follows.of_account(connection, account_id, source.id)
        overrides = overrides if follow is None else follow.overrides
    pair = Pair(signal_id, account_id, source.user_id == who.user_id, overrides)
    market = await look(services, connection, [pair], {signal_id: signal})
    wanted, refused = choose(market, [pair])
    for _, why in refused:
        raise why
    (made,) = await make_trades(services, connection, [each for _, each in wanted], lock_accounts=False)
    if isinstance(made, Refused):
        raise made
    return made


async def source_of(connection: Connection, who: Asking, signal: SignalView, *, own: bool = False) -> Source:
    """The signal's source, if one may read it, or with `own` if it is one's own. Raises NotFound of the signal."""
    try:
        return await (own_source if own else readable_source)(connection, who, signal.source_id)
    except NotFound:
        raise no_such_signal(signal.id) from None


def no_such_signal(signal_id: int) -> NotFound:
    """The refusal."""
    return NotFound("no_such_signal", f"there is no signal {signal_id}", field="signal_id")


def _check_state(signal: SignalView) -> None:
    """ACTIVE and EXECUTED entries may be traded in their time, and those that only the followers' accounts refused."""
    if signal.action is SignalAction.EXIT:
        raise Conflict("exit_signal", f"signal {signal.id} is an EXIT and opens nothing", field="signal_id")
    may = signal.status in (SignalStatus.ACTIVE, SignalStatus.EXECUTED) or signal.code == "no_account_took_it"
    if not may:
        raise Conflict(
            "signal_state",
            f"signal {signal.id} is {signal.status}" + (f": {signal.reason}" if signal.reason else ""),
            field="signal_id",
            numbers={"status": signal.status, **signal.numbers},
        )
