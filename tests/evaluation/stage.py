"""One exchange, one database and one process in one event loop, for machines that play all parts themselves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.bootstrap import build
from services.db import instruments
from services.domain.market import Listing, Market
from services.domain.path import floor_minute
from services.settings import Settings
from services.usecases.context import Services
from tests.simulator_process import Simulator, start_simulator

BEGIN = datetime(2026, 7, 1, 8, 0, 10, tzinfo=UTC)


class Stage:
    """`now` is the exchange's time."""

    def __init__(self, simulator: Simulator, told: Settings) -> None:
        self.simulator, self.settings = simulator, told
        self.runner: asyncio.Runner | None = None
        self.services: Services = None  # type: ignore[assignment] # until the first start
        self.process = AsyncExitStack()
        self.now = BEGIN
        self.listings: dict[Market, list[Listing]] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self.runner is not None
        return self.runner.run(work)

    async def restart(self) -> None:
        """The process ends and another begins."""
        await self.process.aclose()
        self.services = await self.process.enter_async_context(build(self.settings, name="test"))

    async def to(self, time: datetime) -> None:
        self.now = time
        await self.simulator.set_clock(time=round(time.timestamp() * 1000))
        await self.services.redis.flushdb()  # minutes have gone by: the exchange's weight is free again,
        await self.simulator.clear_faults()  # on its own side too, which counts by the time that really passed
        for market in Market:
            await self.services.clock.sync(market)

    async def relist(self, market: Market, *, without: str = "") -> None:
        """The exchange lists the market's pairs, one of them not."""
        listed = [each for each in self.listings[market] if each.symbol != without]
        async with self.services.pool.connection() as connection:
            await instruments.refresh(connection, market, listed, floor_minute(self.now))

    async def rows(self, query: str) -> list[tuple]:
        async with self.services.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()


@asynccontextmanager
async def staged(database_url: str, redis_url: str, pairs: Sequence[tuple[Market, str]]) -> AsyncIterator[Stage]:
    """A stage on which these pairs are listed."""
    async with start_simulator(paused=True, start=BEGIN.isoformat()) as simulator:
        settings = simulator.settings(
            database_url,
            redis_url,
            market_speed=Decimal("1e-9"),
            quote_max_age_seconds=Decimal(3600),
            starting_balance=Decimal(2000),
        )
        stage = Stage(simulator, settings)
        await stage.restart()
        for market in Market:
            wanted = {symbol for place, symbol in pairs if place is market}
            told = await stage.services.exchange.listings(market)
            stage.listings[market] = [each for each in told if each.symbol in wanted]
            await stage.relist(market)
        yield stage
        await stage.process.aclose()
