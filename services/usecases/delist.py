"""Pairs that leave the exchange: found on positive evidence, walked to their end, their trades settled.

Absence proves nothing: a pair that is not listed is suspended, and its trades wait. It has ended when the exchange says
that it settled (futures, with the delivery date past), when it has been seen as BREAK for a whole week (spot), or by an
operator's word. Then the cycles walk its last bars; what is live afterwards is settled.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import structlog

from services.binance.errors import RequestRefused
from services.coordination import doorbell
from services.db import acting, clock, delistings, instruments, market_events, settlement, trades, watermarks
from services.db.delistings import Ending, Halted
from services.db.pool import Connection
from services.db.trades import Stored
from services.domain.changes import Change
from services.domain.command import applies, apply
from services.domain.errors import Conflict, InvalidData, InvalidInput, Unavailable
from services.domain.executions import delisted
from services.domain.funding import FundingDue
from services.domain.market import Market
from services.domain.path import MINUTE, Path, floor_minute
from services.domain.trade import DecidedBy
from services.usecases.context import Services
from services.usecases.tell_settled import tell_settled

BREAK_KEPT = timedelta(days=7)
"""A spot pair that has been in BREAK for this long (exchange time) does not come back."""

NO_SUCH_SYMBOL = frozenset({-1121, -1122})
"""What the exchange answers for a symbol that it no longer knows, or whose state allows no answer."""

CHANGES_MAX = 500
_SETTLED_OVER = 60 * MINUTE

log = structlog.get_logger(__name__)


async def find_delisted(services: Services, market: Market) -> None:
    """Store of suspended pairs what proves that they have ended; raises Unavailable or InvalidData."""
    async with services.pool.connection() as connection:
        suspended = await delistings.halted(connection, market)
    if not suspended:
        return
    told = {halt.symbol: halt for halt in await services.exchange.halts(market)}
    now = await services.clock.now(market)
    if market is Market.SPOT:
        async with services.pool.connection() as connection:
            await delistings.note_breaks(connection, market, list(told), floor_minute(now))
    for pair in suspended:
        halt = told.get(pair.symbol)
        if halt is None:
            continue
        if halt.settled_at is not None and halt.settled_at <= now:
            await _settled(services, pair, halt.settled_at)
        elif pair.break_since is not None and pair.break_since + BREAK_KEPT <= now:
            await _note(services, pair, pair.break_since)


async def declare_delisted(
    services: Services, market: Market, symbol: str, at: datetime | None = None, price: Decimal | None = None
) -> None:
    """An operator's word that a suspended pair has ended, at `at` (now) and worth `price` (the last traded one).

    Raises InvalidInput for a symbol that is not known, Conflict for one that trades or has ended already.
    """
    async with services.pool.connection() as connection:
        found = await instruments.by_symbols(connection, market, [symbol])
    if not found:
        raise InvalidInput("unknown_symbol", f"{market} has no {symbol!r}", field="symbol")
    now = await services.clock.now(market)
    if at is not None and at > now:
        raise InvalidInput("in_the_future", f"{symbol} cannot have ended at {at.isoformat()}", field="at")
    pair = Halted(found[0].id, symbol, None)
    if not await _note(services, pair, at or floor_minute(now), price, DecidedBy.OPERATOR):
        raise Conflict("not_suspended", f"{found[0]} is {found[0].status}, or known to have ended", field="symbol")


async def end_delisted(services: Services, market: Market) -> list[str]:
    """End the trades of pairs that have ended and are walked to their end; the symbols that are gone for good now.

    Of a pair whose path the exchange no longer gives, nobody will ever know the last minutes: its trades are settled
    all the same, and flagged `ambiguous`.
    """
    async with services.pool.connection() as connection:
        waiting = await delistings.ending(connection, market)
    gone = []
    for pair in waiting:
        try:
            is_walked = pair.judged_to >= pair.delisted_at and pair.held_from is None
            is_lost = not is_walked and await _is_unknown(services, market, pair)
            if pair.judged_to < pair.delisted_at and not is_lost:
                continue
            if await _end_trades(services, market, pair, is_lost=is_lost):
                gone.append(pair.symbol)
        except (Unavailable, InvalidData) as error:
            log.warning("delisting_waits", market=market, symbol=pair.symbol, reason=str(error))
    return gone


async def _settled(services: Services, pair: Halted, at: datetime) -> None:
    """Store the end of a contract, at the mark price it settled at.

    That is the index price averaged over its last hour, which no public answer tells; the mark price follows it
    there, so its last close before the end stands for it. Without one: the last traded price.
    """
    end = floor_minute(at)
    price: Decimal | None = None
    try:
        path, _ = await services.exchange.mark_path(
            Path(pair.instrument_id, end - _SETTLED_OVER, end, ()), pair.symbol, "cycle"
        )
        if path.mark:
            price = path.mark[-1].close
    except RequestRefused as error:
        log.warning("no_settlement_price", symbol=pair.symbol, reason=str(error))
    except (Unavailable, InvalidData) as error:
        log.warning("delisting_waits", market=Market.FUTURES, symbol=pair.symbol, reason=str(error))
        return
    await _note(services, pair, at, price, DecidedBy.SETTLEMENT)


async def _note(
    services: Services, pair: Halted, at: datetime, price: Decimal | None = None, settled_by: DecidedBy | None = None
) -> bool:
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        noted = await delistings.note_end(connection, pair.instrument_id, at, price, settled_by)
    if noted:
        log.info("pair_ended", symbol=pair.symbol, at=at.isoformat(), price=price)
    return noted


async def _is_unknown(services: Services, market: Market, pair: Ending) -> bool:
    """Whether the exchange refuses to tell the minutes that are still to be judged."""
    start = min(pair.judged_to, pair.held_from or pair.judged_to)
    try:
        path, _ = await services.exchange.path(
            market, pair.symbol, pair.instrument_id, start=start, end=start + MINUTE, tail=False, purpose="cycle"
        )
        if market is Market.FUTURES:
            await services.exchange.mark_path(path, pair.symbol, "cycle")
    except RequestRefused as error:
        return error.code in NO_SUCH_SYMBOL
    return False


async def _end_trades(services: Services, market: Market, pair: Ending, *, is_lost: bool) -> bool:
    """Settle what is live, at most CHANGES_MAX trades a transaction; True once the pair is marked as gone."""
    streams: set[str] = set()
    after = 0
    while True:
        async with services.pool.connection() as connection:
            await watermarks.lock(connection, [pair.instrument_id])
            ids = await delistings.live_trades(connection, pair.instrument_id, after, CHANGES_MAX)
            changes = await _changes(connection, ids, pair, is_lost=is_lost)
            if ids:
                at = await clock.transaction_time(connection)
                streams |= set(await settlement.settle_and_commit(connection, changes, at=at))
                tell_settled(changes)
                after = ids[-1]
                continue
            is_gone = await delistings.finish(connection, pair.instrument_id)
            if is_gone:
                told = {"market_type": market, "symbol": pair.symbol, "at": pair.delisted_at, "price": pair.price}
                await market_events.append(connection, [("instrument", "delisted", told)])
        break
    await doorbell.ring(services.redis, [*streams, *([market_events.STREAM] if is_gone else [])])
    return is_gone


async def _changes(connection: Connection, ids: list[int], pair: Ending, *, is_lost: bool) -> list[Change]:
    """What becomes of the trades; those that wait for data which can still be had are left out."""
    changes = []
    for stored in await trades.load(connection, ids):
        if stored.trade.held_from is None or is_lost:
            try:
                changes.append(_ended(stored, pair, is_lost=is_lost))
            except FundingDue as due:
                log.warning("delisting_waits", symbol=pair.symbol, trade=stored.trade.id, reason=str(due))
    return changes


def _ended(stored: Stored, pair: Ending, *, is_lost: bool) -> Change:
    """The trade's end: by the command that waits for it, and what that leaves, settled. Raises FundingDue."""
    trade = msgspec.structs.replace(stored.trade, held_from=None, ambiguous=stored.trade.ambiguous or is_lost)
    steps = []
    if stored.command is not None and applies(trade, stored.command):
        trade = apply(trade, stored.command)
        steps.append(trade)
    if trade.status.is_live:
        trade = delisted(trade, pair.delisted_at, pair.price or pair.last_close, pair.settled_by)
        steps.append(trade)
    return Change(before=stored.trade, after=trade, steps=tuple(steps), command_done=stored.command is not None)
