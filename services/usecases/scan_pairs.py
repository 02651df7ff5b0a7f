"""Scan a batch of pairs at one close: bring their candles, let the strategies look, store the signals."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from services.db import accounts, instruments, scans
from services.db import candles as stored
from services.db.scans import ScanBatch
from services.domain.candles import Timeframe
from services.domain.market import Instrument, InstrumentStatus, Market
from services.domain.scan import ScanSignal
from services.domain.signal import Level, NewSignal
from services.domain.source import SourceSettings
from services.scanner.look import look_at_newest
from services.scanner.registry import AnyStrategy
from services.scanner.series import Candles
from services.scanner.strategy import LOADED
from services.usecases.bring_candles import Missing, bring_candles
from services.usecases.context import Services
from services.usecases.plan_scan import FRESH
from services.usecases.scan_universe import admitted
from services.usecases.sources import ensure_source
from services.usecases.store_signals import Incoming, store_signals
from services.usecases.strategies import disable_strategies, list_strategies

SOURCE_SETTINGS = SourceSettings(is_public=True)
"""A strategy's source belongs to the local owner, and anybody may follow it; nobody does until they say so."""

log = structlog.get_logger(__name__)


async def scan_pairs(services: Services, market: Market, closed_to: datetime, shard: int) -> int:
    """The number of signals found; any number of repetitions stores each of them once.

    What could not be had is left to the next plan, and the batch stays undone until then. A close that lies more than
    FRESH back only brings its candles.
    """
    async with services.pool.connection() as connection:
        batch = await scans.load(connection, market, closed_to, shard)
        if batch is None:
            return 0
        pairs = await instruments.by_symbols(connection, market, batch.symbols)
    pairs = [each for each in pairs if each.status is InstrumentStatus.TRADING]
    now = await services.clock.now(market)
    strategies = (await list_strategies(services)).strategies if now - closed_to < FRESH else {}
    found, missing = 0, list[Missing]()
    base = batch.timeframes[0]
    for timeframe in batch.timeframes:
        missing += await bring_candles(services, pairs, timeframe, closed_to, now, base=base)
        if strategies:
            signals = await _look(services, strategies, timeframe, pairs, closed_to, now)
            await _store(services, signals)
            found += len(signals)
    await _finish(services, batch, found, missing)
    return found


async def _look(
    services: Services,
    strategies: dict[str, AnyStrategy],
    timeframe: Timeframe,
    pairs: Sequence[Instrument],
    closed_to: datetime,
    now: datetime,
) -> list[ScanSignal]:
    """The signals of the candle that closed at `closed_to`; strategies that raise are taken out and disabled."""
    async with services.pool.connection() as connection:
        rows = await stored.load(connection, [each.id for each in pairs], timeframe, closed_to, LOADED)
    newest = closed_to - timeframe.length
    series = {each: Candles.from_bytes(rows[each.id]) for each in pairs if each.id in rows}
    # A pair whose last candle is missing (a halt, a request refused) has nothing to say about this close.
    series = {each: candles for each, candles in series.items() if candles.time(-1) == newest}
    series = await admitted(services, timeframe, series, now)
    # In a thread: the loop that waits for the exchange must not wait for numpy.
    sighted = await asyncio.to_thread(look_at_newest, list(strategies.values()), timeframe, series)
    if sighted.failures:
        for name in sighted.failures:
            del strategies[name]
        await disable_strategies(services, sighted.failures)
    return [each for each in sighted.signals if each.strategy not in sighted.failures]


async def _store(services: Services, signals: Sequence[ScanSignal]) -> None:
    by_source: dict[str, list[ScanSignal]] = {}
    for signal in signals:
        by_source.setdefault(signal.source, []).append(signal)
    if not by_source:
        return
    async with services.pool.connection() as connection:
        owner = await accounts.local_owner(connection)
    assert owner is not None, "a process makes the local owner as it starts"
    for name, group in sorted(by_source.items()):
        source = await ensure_source(services, owner.user_id, name, SOURCE_SETTINGS, of_fleet=True)
        incoming = [Incoming(b"", signal=new_signal(each), key=each.key) for each in group]
        await store_signals(services, source.id, incoming)


def new_signal(signal: ScanSignal) -> NewSignal:
    """What the scanner says, in the words of every source."""
    return NewSignal(
        market_type=signal.instrument.market,
        symbol=signal.instrument.symbol,
        direction=signal.direction,
        entry_price=signal.price,
        stop_loss=signal.stop_loss,
        take_profits=tuple(Level(price=each.price, fraction=each.fraction) for each in signal.targets),
        timeframe=signal.timeframe,
        strategy=signal.strategy,
        confidence=signal.confidence,
        signal_time=signal.closed_at,
    )


async def _finish(services: Services, batch: ScanBatch, found: int, missing: Sequence[Missing]) -> None:
    reasons: Mapping[str, list[str]] = {}
    if missing:
        reasons = {each.reason: [] for each in missing}
        for each in missing:
            reasons[each.reason].append(each.instrument.symbol)
        for reason, symbols in reasons.items():
            log.info("candles_not_had", market=batch.market, symbols=symbols, reason=reason)
        return
    async with services.pool.connection() as connection:
        await scans.done(connection, batch, found)
    if found:
        log.info("scanned", market=batch.market, closed_to=batch.closed_to.isoformat(), shard=batch.shard, found=found)
