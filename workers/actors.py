"""The fleet's actors: a few lines each around a use case, and what one has the next do."""

import asyncio
from datetime import datetime, timedelta
from typing import cast

from dramatiq import Message

from services.domain.market import Market
from services.domain.shards import Batch
from services.usecases import evaluate_trades as evaluation
from services.usecases import fetch_paths as fetching
from services.usecases import maintain as housekeeping
from services.usecases import refresh_instruments as listings
from services.usecases import sample_equity as sampling
from services.usecases import scan_pairs as scanning
from services.usecases import serve_outlets as outlets
from services.usecases import settle_funding as settlements
from services.usecases import sweep_quotes as sweeping
from services.usecases import trade_signals as trading
from services.usecases.context import Services
from services.usecases.halt import is_paused
from services.usecases.store_signals import TRADE_QUEUE, TRADE_TASK_AGE_MAX
from workers.batches import SYMBOLS_MAX, decode_paths, encode_paths
from workers.broker import broker
from workers.declare import actor
from workers.runtime import current_runtime


def current_services() -> Services:
    """The services of this worker process. Raises RuntimeError in any other."""
    return cast(Services, current_runtime().services)


@actor("fetch", max_age=timedelta(minutes=1), time_limit=timedelta(seconds=30), max_retries=2)
async def fetch_paths(market: str, symbols: list[str], slot: str | None, shard: int | None) -> None:
    """Fetches the paths of a shard of the cycle of `slot` (or of a few symbols) and has them evaluated."""
    if await is_paused(current_services()):
        return  # the cycle after the pause begins at the same watermarks
    paths = await fetching.fetch_paths(current_services(), Market(market), symbols, tail=False, purpose="cycle")
    await _enqueue([evaluate_trades.message(batch, market, slot, shard) for batch in encode_paths(paths)])


@actor("ring", max_age=timedelta(seconds=10), time_limit=timedelta(seconds=10), max_retries=0)
async def ring_paths(market: str, symbols: list[str]) -> None:
    """Fetches the paths of touched symbols up to this moment and has them evaluated; seconds count here."""
    if await is_paused(current_services()):
        return
    paths = await fetching.fetch_paths(current_services(), Market(market), symbols, tail=True, purpose="ring")
    await _enqueue([evaluate_trades.message(batch, market, None, None) for batch in encode_paths(paths)])


@actor("evaluate", max_age=timedelta(minutes=10), time_limit=timedelta(seconds=30), max_retries=3)
async def evaluate_trades(paths: bytes, market: str, slot: str | None, shard: int | None) -> None:
    """Judges trades on `paths`; whoever is further behind than they reach is fetched again."""
    batch = None
    if slot is not None and shard is not None:
        batch = Batch(datetime.fromisoformat(slot), Market(market), shard)
    evaluated = await evaluation.evaluate_trades(current_services(), decode_paths(paths), batch)
    await _enqueue([fetch_paths.message(behind, symbols, None, None) for behind, symbols in evaluated.behind.items()])


@actor("sweep", max_age=timedelta(seconds=10), time_limit=timedelta(seconds=10), max_retries=0)
async def sweep_quotes(market: str) -> None:
    """Refreshes a market's quotes and rings for symbols whose barrier was touched."""
    rung = await sweeping.sweep_quotes(current_services(), Market(market))
    if rung:
        await _enqueue([ring_paths.message(market, rung)])


@actor(TRADE_QUEUE, max_age=TRADE_TASK_AGE_MAX, time_limit=timedelta(minutes=1), max_retries=0)
async def trade_signals() -> None:
    """Trades the signals that are undecided; asked for by whoever stores one, and every few seconds."""
    await trading.trade_signals(current_services())


@actor("scan", max_age=timedelta(minutes=1), time_limit=timedelta(seconds=30), max_retries=0, priority=10)
async def scan_pairs(market: str, closed_to: str, shard: int) -> None:
    """Scans a batch of pairs at a close of their candles. What it cannot do now, the next plan asks for again."""
    await scanning.scan_pairs(current_services(), Market(market), datetime.fromisoformat(closed_to), shard)


@actor("hooks", max_age=timedelta(seconds=10), time_limit=timedelta(seconds=10), max_retries=0)
async def serve_outlets() -> None:
    """Begins sending what webhooks and notification targets have coming; the sending outlives the message."""
    await outlets.serve_outlets(current_services())


@actor("maintenance", max_age=timedelta(minutes=10), time_limit=timedelta(minutes=1), max_retries=0)
async def settle_funding() -> None:
    """Stores settled funding and has trades that waited for it judged."""
    waiting = await settlements.settle_funding(current_services())
    parts = [waiting[start : start + SYMBOLS_MAX] for start in range(0, len(waiting), SYMBOLS_MAX)]
    await _enqueue([fetch_paths.message(Market.FUTURES, part, None, None) for part in parts])


@actor("maintenance", max_age=timedelta(hours=1), time_limit=timedelta(minutes=2), max_retries=3)
async def refresh_instruments(market: str) -> None:
    """Makes a market's instruments what the exchange lists."""
    await listings.refresh_instruments(current_services(), Market(market))


@actor("maintenance", max_age=timedelta(hours=1), time_limit=timedelta(minutes=5), max_retries=2)
async def maintain() -> None:
    """Makes partitions ahead of time and forgets what is beyond its age."""
    await housekeeping.maintain(current_services())


@actor("maintenance", max_age=timedelta(minutes=2), time_limit=timedelta(minutes=2), max_retries=0)
async def sample_equity() -> None:
    """Samples the equity of the accounts that move."""
    await sampling.sample_equity(current_services())


@actor("maintenance", max_age=timedelta(minutes=10), time_limit=timedelta(minutes=5), max_retries=0)
async def reconcile_books() -> None:
    """Tells where balances, ledger, events and triggers differ."""
    await housekeeping.reconcile_books(current_services())


async def _enqueue(messages: list[Message[None]]) -> None:
    """Enqueues without blocking the event loop that all actors of the process share."""
    await asyncio.to_thread(broker.enqueue_many, messages)
