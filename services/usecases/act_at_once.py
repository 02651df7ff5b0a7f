"""Bring a pair's path to this moment, and do now what commands ask for, where the path leaves no question open."""

import asyncio
from collections.abc import Sequence

from services.coordination import doorbell
from services.db import clock, closings, settlement, trades, watermarks
from services.db.settlement import StateMoved
from services.domain.barriers import barriers
from services.domain.changes import Change
from services.domain.command import Command, applies, apply
from services.domain.errors import Unavailable
from services.domain.liquidation import reaches
from services.domain.market import Instrument, Market
from services.domain.path import MINUTE, Path, floor_minute
from services.domain.trade import Trade
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import SETTLE_SECONDS, fetch_paths
from services.usecases.tell_settled import tell_settled

CLOCK_SECONDS = 0.01
"""Longer than clocks that tell milliseconds are wrong after a sleep."""
PATH_SECONDS = 2.0
"""How long a command waits for its path before it is accepted as pending."""


async def bring_to_now(services: Services, instrument: Instrument) -> Path | None:
    """The instrument's path to this moment, judged; None if it cannot be had in time."""
    try:
        async with asyncio.timeout(PATH_SECONDS):
            await _let_the_minute_settle(services, instrument.market)
            paths = await fetch_paths(services, instrument.market, [instrument.symbol], tail=True, purpose="command")
            if not paths:
                return None
            evaluated = await evaluate_trades(services, paths)
    except (TimeoutError, Unavailable):
        return None
    return None if evaluated.behind else paths[0]


async def _let_the_minute_settle(services: Services, market: Market) -> None:
    """In a minute's first moments the one before is not over yet, and nothing could be decided: let them pass."""
    now, speed = await services.clock.now(market), float(services.settings.market_speed)
    left = SETTLE_SECONDS - (now - floor_minute(now)).total_seconds() / speed
    if left > 0:
        await asyncio.sleep(left + CLOCK_SECONDS)


def is_open_question(trade: Trade, path: Path, command: Command) -> bool:
    """Whether the path to the command is not known to have left the trade alone.

    The trade waits for data, the bar in progress has touched it or the mark price its liquidation without deciding,
    or the command is given in the first moments of a minute, when the path still ends with the one before.
    """
    if trade.held_from is not None or path.is_withheld or command.at >= path.end + MINUTE:
        return True
    if trade.funding.due is not None and trade.funding.due < command.at:
        return True
    price = trade.liquidation_price
    if price is not None and (path.mark_tail is None or reaches(trade, price, path.mark_tail)):
        return True
    if path.tail is None or path.tail.close_time < trade.active_from:
        return False
    wall = barriers(trade)
    falls = wall.lower is not None and path.tail.low <= wall.lower
    return falls or (wall.upper is not None and path.tail.high >= wall.upper)


async def apply_waiting(services: Services, instrument: Instrument, trade_ids: Sequence[int]) -> None:
    """Carry out the commands that wait on these trades of one instrument; what stays open is left to the walk."""
    path = await bring_to_now(services, instrument)
    if path is None:
        return
    async with services.pool.connection() as connection:
        mark = (await watermarks.lock(connection, [instrument.id]))[instrument.id]
        if path.end < mark.judged_to:
            return
        changes = []
        for stored in await trades.load(connection, trade_ids):
            trade, command = stored.trade, stored.command
            if command is None or not applies(trade, command) or is_open_question(trade, path, command):
                continue
            after = apply(trade, command)
            changes.append(Change(before=trade, after=after, steps=(after,), command_done=True))
        if not changes:
            return
        changes = await closings.measured(connection, changes)
        at = await clock.transaction_time(connection)
        try:
            streams = await settlement.settle_and_commit(connection, changes, at=at)
        except StateMoved:
            return
    tell_settled(changes)
    await doorbell.ring(services.redis, streams)
