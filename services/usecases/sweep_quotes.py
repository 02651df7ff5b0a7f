"""Sweep a market's quotes: prices for people and commands, and the bell for symbols whose barrier was touched.

Quotes ring, they never decide: a touch only asks for that symbol's path now instead of next minute.
"""

import time
from collections.abc import Mapping
from zlib import crc32

import msgspec
import structlog

from services.coordination import doorbell, feed, rings, timings
from services.coordination.rings import Touched
from services.db import instruments, market_events, triggers
from services.domain.market import Market, Quote
from services.telemetry import RINGS, SWEEP_SECONDS
from services.usecases.context import Services

RING_SECONDS = (1.0, 3.0, 7.0, 15.0, 30.0)
"""After each ring for a touch, how long nobody rings for it again, whoever sweeps (exchange seconds, a wall second at
least)."""

FROZEN_SWEEPS = 5
"""A whole market without a single change for so many sweeps is a frozen feed, and told."""

log = structlog.get_logger(__name__)


async def sweep_quotes(services: Services, market: Market) -> list[str]:
    """Cache the market's quotes; the symbols to ring for."""
    began = time.perf_counter()
    quotes = await services.exchange.quotes(market)
    await services.prices.store(market, quotes)
    await _watch_feed(services, market, quotes)
    async with services.pool.connection() as connection:
        listed = {each.id: each.symbol for each in await instruments.listed(connection, market)}
        await triggers.plan_for_probes(connection)
        prices = {id_: quotes[symbol].last for id_, symbol in listed.items() if symbol in quotes}
        touched = await triggers.touched(connection, prices)
    await doorbell.ring(services.redis, [doorbell.prices(market)])
    touches = [Touched(listed[each.instrument_id], f"{each.trade_id}@{each.level}") for each in touched]
    waits = [max(1.0, seconds / float(services.settings.market_speed)) for seconds in RING_SECONDS]
    rung = await rings.claim(services.redis, market, touches, waits)
    seconds = time.perf_counter() - began
    SWEEP_SECONDS.labels(market).observe(seconds)
    RINGS.labels(market).inc(len(rung))
    await timings.note(services.redis, f"sweep {market}", seconds)
    return rung


async def _watch_feed(services: Services, market: Market, quotes: Mapping[str, Quote]) -> None:
    """Tell the log and the market stream when a feed freezes and when it moves again."""
    told = [(symbol, quote.bid, quote.ask, quote.last) for symbol, quote in quotes.items()]
    sweeps, before = await feed.look(services.redis, market, crc32(msgspec.msgpack.encode(told)))
    if sweeps == FROZEN_SWEEPS:
        action = "feed_frozen"
        log.error(action, market=market, sweeps=sweeps)
    elif sweeps == 1 and before >= FROZEN_SWEEPS:
        action = "feed_moves"
        log.info(action, market=market)
    else:
        return
    async with services.pool.connection() as connection:
        await market_events.append(connection, [("system", action, {"market_type": market})])
    await doorbell.ring(services.redis, [market_events.STREAM])
