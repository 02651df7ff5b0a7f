"""Turn ACTIVE signals into what every account that follows their source does, each pair at most once.

A pass goes over everything that is undecided, pair by pair in order, and ends. It runs when a signal arrives and
every few seconds besides; passes at the same time share the work, for each holds the signals that it has in hand. A
decision is a row, a trade is one in the same transaction as its decision: whoever dies leaves pairs undecided or
decided, never half. What can be had a moment later (a fresh price) is left undecided until the signal's time is over.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from functools import partial

import msgspec

from services.coordination import doorbell
from services.db import accounts, clock, decisions, exits, instruments, settlement, signals, sources
from services.db.decisions import Pair, Place
from services.db.pool import Connection
from services.db.settlement import NotEnoughBalance, Notice
from services.db.signals import SignalView
from services.db.sources import Source
from services.domain.changes import created
from services.domain.errors import Refused
from services.domain.market import Instrument, Market, Quote
from services.domain.plan import Direction
from services.domain.signal import SignalAction
from services.domain.source import trade_label
from services.domain.trade import Trade
from services.usecases.close_by_signals import TRANSIENT, close_by_signals
from services.usecases.context import Services
from services.usecases.make_trades import Wanted, make_trades
from services.usecases.quotes import fresh_quotes
from services.usecases.signal_steps import steps
from services.usecases.signal_wish import wish_of
from services.usecases.store_signals import too_late
from services.usecases.tell_settled import tell_settled

CONCLUDED_MAX = 500
SHORT_OF_ROOM = frozenset({"insufficient_balance", "too_many_trades", "too_many_open_trades", "exposure_above_limit"})
"""Refusals that may be gone once an EXIT that was said before is carried out."""


class Passed(msgspec.Struct, frozen=True):
    """What a pass came to: accounts' trades, those that ended some, refusals, and what waits; signals concluded."""

    trades: int = 0
    endings: int = 0
    refusals: int = 0
    waiting: int = 0
    concluded: int = 0


async def trade_signals(services: Services) -> Passed:
    """One pass over all that is undecided. Raises Unavailable when the exchange's clock or Redis is away."""
    trades = refusals = waiting = 0
    async for made, refused, left in steps(services, SignalAction.ENTRY, partial(_step, services)):
        trades, refusals, waiting = trades + made, refusals + refused, waiting + left
    endings, unended, early = await close_by_signals(services)
    return Passed(trades, endings, refusals + unended, waiting + early, await conclude_signals(services))


async def conclude_signals(services: Services) -> int:
    """Move signals on that everybody has decided or whose time is over, and tell it; how many."""
    now = {market: await services.clock.now(market) for market in Market}
    total = 0
    while True:
        async with services.pool.connection() as connection:
            concluded = await decisions.conclude(connection, now, CONCLUDED_MAX)
            seen = await signals.view(connection, [id_ for id_, _, _ in concluded])
            events = [(source_id, status.lower(), seen[id_]) for id_, source_id, status in sorted(concluded)]
            streams = await sources.tell(connection, events)
        await doorbell.ring(services.redis, streams)
        total += len(concluded)
        if len(concluded) < CONCLUDED_MAX:
            return total


class Outlook(msgspec.Struct, frozen=True):
    """What the pairs of a step are decided on."""

    signals: Mapping[int, SignalView]
    sources: Mapping[int, Source]
    instruments: Mapping[int, Instrument]
    accounts: Mapping[int, accounts.Account]
    quotes: Mapping[int, Quote | Refused]
    now: Mapping[Market, datetime]


async def _step(services: Services, after: Place, most: int) -> tuple[Place, tuple[int, int, int]] | None:
    """Decide the pairs that come next: the last of them, and how many traded, were refused, and wait; None: no more.

    An account's free balance may go to another transaction meanwhile: then all is decided again under its lock.
    """
    try:
        return await _decide(services, after, most, lock_accounts=False)
    except NotEnoughBalance:
        return await _decide(services, after, most, lock_accounts=True)


async def _decide(
    services: Services, after: Place, most: int, *, lock_accounts: bool
) -> tuple[Place, tuple[int, int, int]] | None:
    for place in Market:
        await services.clock.now(place)  # may ask the exchange, and does so before anything is locked
    async with services.pool.connection() as connection:
        pairs = await decisions.claim(connection, after, SignalAction.ENTRY, most)
        if not pairs:
            return None
        seen = await signals.view(connection, {pair.signal_id for pair in pairs})
        market = await look(services, connection, pairs, seen)
        wanted, refused = choose(market, pairs)
        made = await make_trades(services, connection, [each for _, each in wanted], lock_accounts=lock_accounts)
        refused += [(pair, why) for (pair, _), why in zip(wanted, made, strict=True) if isinstance(why, Refused)]
        soon = await exits.freeing(connection, [pair for pair, why in refused if why.code in SHORT_OF_ROOM])
        final = [(pair, _outcome(why), why) for pair, why in refused if not _may_pass(pair, why, soon)]
        await decisions.refuse(connection, final)
        changes = [created(trade) for trade in made if isinstance(trade, Trade)]
        notices = [_notice(market.signals[pair.signal_id], pair, outcome, why) for pair, outcome, why in final]
        at = await clock.transaction_time(connection)
        streams = await settlement.settle_and_commit(connection, changes, at=at, notices=notices)
    tell_settled(changes)
    await doorbell.ring(services.redis, streams)
    last = pairs[-1]
    return (last.signal_id, last.account_id), (len(changes), len(final), len(refused) - len(final))


async def look(
    services: Services, connection: Connection, pairs: Sequence[Pair], seen: Mapping[int, SignalView]
) -> Outlook:
    """Everything that the decisions of the pairs on the signals `seen` hang on."""
    named = {(each.market_type, each.symbol) for each in seen.values()}
    listed: dict[int, Instrument] = {}
    for market in Market:
        symbols = [symbol for place, symbol in named if place is market and symbol is not None]
        if symbols:
            listed |= {each.id: each for each in await instruments.by_symbols(connection, market, symbols)}
    return Outlook(
        signals=seen,
        sources=await sources.load(connection, {each.source_id for each in seen.values()}),
        instruments=listed,
        accounts=await accounts.load_many(connection, {pair.account_id for pair in pairs}),
        quotes=dict(await fresh_quotes(services, listed.values())),
        now={market: await services.clock.now(market) for market in {each.market for each in listed.values()}},
    )


def choose(market: Outlook, pairs: Sequence[Pair]) -> tuple[list[tuple[Pair, Wanted]], list[tuple[Pair, Refused]]]:
    """The pairs that may become trades, with the trade that is wanted, and those that may not, with the reason."""
    by_name = {(each.market, each.symbol): each for each in market.instruments.values()}
    wanted, refused = [], []
    for pair in pairs:
        signal = market.signals[pair.signal_id]
        assert signal.market_type is not None
        assert signal.symbol is not None
        instrument = by_name[signal.market_type, signal.symbol]
        try:
            wanted.append((pair, _wanted(market, pair, signal, instrument)))
        except Refused as why:
            refused.append((pair, why))
    return wanted, refused


def _wanted(market: Outlook, pair: Pair, signal: SignalView, instrument: Instrument) -> Wanted:
    """Raises Refused: too late, no fresh price, or a signal that cannot be meant."""
    now, quote = market.now[instrument.market], market.quotes[instrument.id]
    if now >= signal.expires_at:
        raise too_late(signal.signal_time, signal.expires_at, now)
    if isinstance(quote, Refused):
        raise quote
    source = market.sources[signal.source_id]
    wish = wish_of(
        signals.intent_of_row(signal),
        instrument,
        source.settings,
        pair.overrides,
        market_price=quote.ask if signal.direction is Direction.LONG else quote.bid,
        source=trade_label(source.id, source.name, is_own=pair.is_own),
    )
    return Wanted(market.accounts[pair.account_id], instrument, wish, quote, signal.id)


def _may_pass(pair: Pair, why: Refused, soon: Set[tuple[int, int]]) -> bool:
    """Whether to leave it undecided; `soon` are those for which an EXIT frees something yet."""
    return why.code in TRANSIENT or (why.code in SHORT_OF_ROOM and (pair.signal_id, pair.account_id) in soon)


def _outcome(why: Refused) -> str:
    return "expired" if why.code == "signal_expired" else "rejected"


def _notice(signal: SignalView, pair: Pair, outcome: str, why: Refused) -> Notice:
    """What the account's own stream tells of a signal that it did not trade."""
    decision = {
        "account_id": pair.account_id,
        "outcome": outcome,
        "code": why.code,
        "reason": why.message,
        "numbers": why.numbers,
    }
    payload = {"type": "signal", "action": "not_traded", "signal": signal, "decision": decision}
    return Notice(pair.account_id, "signal", "not_traded", payload)
