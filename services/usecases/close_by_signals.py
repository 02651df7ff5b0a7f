"""Carry out EXIT signals: each account that follows ends what earlier signals of the source opened on the pair.

The end is a command, frozen with its time and quote and written in one transaction with the decision; it is carried
out at once where the path allows, else by the walk. There is one decision a signal and account, as for entries.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from services.db import commands, decisions, exits, instruments, signals, trades, watermarks
from services.db.decisions import Pair, Place
from services.db.pool import Connection
from services.db.signals import SignalView
from services.db.trades import Stored
from services.domain.command import Command, CommandKind
from services.domain.errors import Conflict, Refused
from services.domain.market import Instrument, Market, Quote
from services.domain.signal import SignalAction
from services.usecases.act_at_once import apply_waiting
from services.usecases.context import Services
from services.usecases.quotes import fresh_quotes
from services.usecases.signal_steps import steps
from services.usecases.store_signals import too_late

TRANSIENT = frozenset({"no_fresh_price", "entry_undecided", "command_waiting"})
"""Refusals that may be gone a moment later."""


class Ends(msgspec.Struct, frozen=True):
    """What an EXIT comes to on one account: the live trades that it ends and the commands still to give, or why not."""

    pair: Pair
    trade_ids: tuple[int, ...] = ()
    commands: Mapping[int, Command] = {}
    refused: Refused | None = None


async def close_by_signals(services: Services) -> tuple[int, int, int]:
    """One pass over undecided EXITs: how many accounts ended trades, had none to end, and wait.

    Raises Unavailable when the exchange's clock or Redis is away.
    """
    ended = refused = waiting = 0
    async for done, final, left in steps(services, SignalAction.EXIT, partial(_step, services)):
        ended, refused, waiting = ended + done, refused + final, waiting + left
    return ended, refused, waiting


async def _step(services: Services, after: Place, most: int) -> tuple[Place, tuple[int, int, int]] | None:
    """Decide the pairs that come next: the last of them, and how many ended trades, had none, and wait.

    None: there are no more.
    """
    for market in Market:
        await services.clock.now(market)  # may ask the exchange, and does so before anything is locked
    touched: dict[Instrument, list[int]] = {}
    async with services.pool.connection() as connection:
        pairs = await decisions.claim(connection, after, SignalAction.EXIT, most)
        if not pairs:
            return None
        seen = await signals.view(connection, {pair.signal_id for pair in pairs})
        plans, listed = await plan_exits(services, connection, pairs, seen)
        wanted = {id_: command for plan in plans for id_, command in plan.commands.items()}
        for trade_id in await commands.accept(connection, wanted):
            touched.setdefault(listed[trade_id], []).append(trade_id)
        done = [(plan.pair, plan.trade_ids) for plan in plans if plan.refused is None]
        failed = [(plan.pair, plan.refused) for plan in plans if plan.refused is not None]
        final = [(pair, _outcome(why), why) for pair, why in failed if why.code not in TRANSIENT]
        await decisions.close(connection, done)
        await decisions.refuse(connection, final)
    await asyncio.gather(*(apply_waiting(services, each, ids) for each, ids in touched.items()))
    last = pairs[-1]
    return (last.signal_id, last.account_id), (len(done), len(final), len(failed) - len(final))


async def plan_exits(
    services: Services, connection: Connection, pairs: Sequence[Pair], seen: Mapping[int, SignalView]
) -> tuple[list[Ends], dict[int, Instrument]]:
    """What the EXITs `seen` come to on each account, and the instrument of every trade; watermarks are locked then."""
    endings = await exits.endings(connection, pairs)
    listed = await instruments.by_ids(connection, {each.instrument_id for each in endings if each.trade_ids})
    quotes = await fresh_quotes(services, listed.values())  # before the locks: Redis may be slow
    marks = await watermarks.lock(connection, listed)
    stored = await trades.load(connection, {id_ for each in endings for id_ in each.trade_ids})
    live = {each.trade.id: each for each in stored if each.trade.status.is_live}
    now = {market: await services.clock.now(market) for market in Market}
    plans = []
    for pair, ending in zip(pairs, endings, strict=True):
        ends = [live[id_] for id_ in ending.trade_ids if id_ in live]
        try:
            _check(seen[pair.signal_id], ends, now, is_early=ending.is_early)
            since = marks[ending.instrument_id].judged_to if ends else None
            given = {each.trade.id: _end(each, quotes, now, since) for each in ends if each.command is None}
            plans.append(Ends(pair, tuple(each.trade.id for each in ends), given))
        except Refused as why:
            plans.append(Ends(pair, refused=why))
    return plans, {id_: each.trade.instrument for id_, each in live.items()}


def _check(signal: SignalView, ends: Sequence[Stored], now: Mapping[Market, datetime], *, is_early: bool) -> None:
    """Raises Refused: too late, nothing to end, or an entry or a command that is to be settled first."""
    assert signal.market_type is not None
    at = now[signal.market_type]
    if at >= signal.expires_at:
        raise too_late(signal.signal_time, signal.expires_at, at)
    if is_early:
        raise Conflict("entry_undecided", "an entry that was said before is not decided yet")
    if not ends:
        raise Conflict("nothing_to_end", f"no live trade on {signal.symbol} came of this source's signals")
    for each in ends:
        if each.command is not None and not _ends_all(each.command):
            raise Conflict("command_waiting", f"trade {each.trade.id} has a {each.command.kind} waiting")


def _ends_all(command: Command) -> bool:
    return command.kind is CommandKind.END or (command.kind is CommandKind.CLOSE and command.fraction in (None, 1))


def _end(
    stored: Stored, quotes: Mapping[int, Quote | Conflict], now: Mapping[Market, datetime], since: datetime | None
) -> Command:
    """The command that ends the trade now. Raises Conflict (no_fresh_price)."""
    trade = stored.trade
    quote = quotes[trade.instrument.id]
    if isinstance(quote, Conflict):
        raise quote
    at = max(now[trade.instrument.market], trade.active_from, since or trade.active_from)
    return Command(kind=CommandKind.END, at=at, bid=quote.bid, ask=quote.ask)


def _outcome(why: Refused) -> str:
    return "expired" if why.code == "signal_expired" else "rejected"
