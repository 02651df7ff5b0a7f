"""A desk with a simulated exchange whose clock stands still, a few pairs, and a scan on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from services.bootstrap import build
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.plan_scan import plan_scan
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.scan_pairs import scan_pairs
from tests.simulator_process import Simulator

START = datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC)
"""Five seconds after candles of 15 minutes, an hour and four hours have closed."""
PAIRS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
ALWAYS = '''
"""Speaks on every candle: LONG where it closes up, SHORT where it does not."""
import numpy as np

from services.scanner.strategy import Entries, Parameters, Strategy


class Always(Strategy[Parameters]):
    """Every candle."""

    name, kind, parameters_type, lookback = "always", "test", Parameters, 20

    def entries(self, candles):
        up = candles.close > candles.open
        return Entries(up, ~up, np.full(len(candles), 0.25))
'''


class Desk:
    """The services of one process, the exchange, and shorthands for what tests ask of them."""

    def __init__(self, services: Services, exchange: Simulator) -> None:
        self.services = services
        self.exchange = exchange

    async def advance(self, span: timedelta) -> None:
        """The exchange's clock goes on, and ours with it."""
        await self.exchange.set_clock(advance_ms=int(span.total_seconds() * 1000))
        for market in Market:
            await self.services.clock.sync(market)

    async def scan(self) -> int:
        """What the plan asks for, until it asks for nothing more; the number of signals found in the end."""
        for _ in range(10):
            await self.scan_once()
            if not await self.planned():
                break
        return self.rows(
            "SELECT coalesce(sum(found), 0) FROM scans WHERE closed_to = (SELECT max(closed_to) FROM scans)"
        )[0][0]

    async def scan_once(self) -> int:
        """What the plan asks for, once; the number of signals found."""
        batches = [batch for market in Market for batch in await plan_scan(self.services, market)]
        found = await asyncio.gather(
            *(scan_pairs(self.services, each.market, each.closed_to, each.shard) for each in batches)
        )
        return sum(found)

    async def planned(self) -> int:
        """How many batches are to be done now."""
        return sum([len(await plan_scan(self.services, market)) for market in Market])

    def rows(self, query: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.services.settings.database_url, options="-c timezone=UTC") as connection:
            return connection.execute(query, list(values)).fetchall()

    def signals(self) -> list[tuple]:
        """What is stored of each signal, in an order of its own."""
        return self.rows(
            """SELECT s.name, i.market, i.symbol, g.timeframe, g.signal_time, g.direction, g.entry_price, g.stop_loss,
                   g.targets::text, g.confidence, g.status, g.idempotency_key
               FROM signals g JOIN sources s ON s.id = g.source_id LEFT JOIN instruments i ON i.id = g.instrument_id
               ORDER BY s.name, i.market, i.symbol, g.timeframe, g.signal_time"""
        )

    async def klines_asked(self) -> int:
        """Requests for candles that the exchange has answered since its log was cleared."""
        requests = (await self.exchange.log())["requests"]
        return sum(each["count"] for each in requests if each["path"].endswith("klines"))


@asynccontextmanager
async def desk(
    exchange: Simulator, database_url: str, redis_url: str, folder: Path, *, start: datetime = START, **more: object
) -> AsyncIterator[Desk]:
    """A desk at `start`; strategies besides the built-in ones are those in `folder`."""
    await exchange.clear_faults()
    await exchange.clear_log()
    await exchange.set_clock(time=int(start.timestamp() * 1000), paused=True)
    chosen = {"scan_allow": ",".join(PAIRS), "strategies_folder": str(folder), "scan_timeframes": "15m,1h"}
    settings = exchange.settings(database_url, redis_url, **(chosen | more))
    async with build(settings) as services:
        for market in Market:
            await refresh_instruments(services, market)
        yield Desk(services, exchange)
