"""The evaluation against a simulated exchange whose clock the test sets: a stage for what takes days."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from services.bootstrap import build
from services.domain.market import Market
from services.domain.plan import Direction, EntryType
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.sweep_quotes import sweep_quotes
from tests.evaluation.invariants import INVARIANTS
from tests.simulator_process import Simulator, start_simulator


class Stage:
    """A paused exchange and a fleet of one. Each visit is a process that starts at the exchange's present time."""

    def __init__(self, simulator: Simulator, settings: Settings) -> None:
        self.simulator, self.settings = simulator, settings

    @asynccontextmanager
    async def visit(self, time: datetime | None = None) -> AsyncIterator[Services]:
        if time is not None:
            await self.simulator.set_clock(time=round(time.timestamp() * 1000))
        async with build(self.settings, name="test") as services:
            await services.redis.flushdb()  # minutes have gone by: the exchange's weight is free again
            yield services

    async def refresh(self, market: Market, time: datetime | None = None) -> None:
        async with self.visit(time) as services:
            await refresh_instruments(services, market)

    async def judge(self, market: Market, symbols: Sequence[str], time: datetime | None = None) -> None:
        """Their paths fetched and judged until nothing more is to be had."""
        async with self.visit(time) as services:
            wanted = list(symbols)
            while wanted:
                paths = await fetch_paths(services, market, wanted, tail=False, purpose="cycle")
                wanted = (await evaluate_trades(services, paths)).behind.get(market, [])

    async def open(self, market: Market, symbol: str, *, limit: bool = False, **changes: object) -> int:
        """A LONG that nothing will touch: at the market, or resting at half the price."""
        async with self.visit() as services:
            await sweep_quotes(services, market)
            quote = await services.prices.one(market, symbol)
            last = quote.last if quote else Decimal("1.000")
            entry = (last / 2).quantize(last) if limit else last
            wish = NewTrade(
                market_type=market,
                symbol=symbol,
                direction=Direction.LONG,
                entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
                entry_price=entry if limit else None,
                stop_loss=(entry / 10).quantize(last),
                take_profit=entry * 10,
            )
            account = (await self.rows("SELECT id FROM accounts"))[0][0]
            made = await open_trade(services, account, msgspec.structs.replace(wish, **changes))
        return int(msgspec.json.decode(made.body)["id"])

    async def rows(self, query: str, *parameters: object) -> list[tuple]:
        async with build(self.settings, name="test") as services, services.pool.connection() as connection:
            return await (await connection.execute(query, list(parameters))).fetchall()

    async def trade(self, trade_id: int) -> tuple:
        """Status, reason, price and time of the end, and whether that is ambiguous."""
        query = "SELECT status, exit_reason, exit_price, exit_time, ambiguous FROM trades WHERE id = %s"
        return (await self.rows(query, trade_id))[0]

    async def violations(self) -> list[tuple]:
        return [row for query in INVARIANTS.values() for row in await self.rows(query)]


@asynccontextmanager
async def stage(database_url: str, redis_url: str, start: datetime) -> AsyncIterator[Stage]:
    async with start_simulator(paused=True, start=start.isoformat()) as simulator:
        settings = simulator.settings(
            database_url, redis_url, market_speed=Decimal("1e-9"), quote_max_age_seconds=Decimal(3600)
        )
        ready = Stage(simulator, settings)
        for market in Market:
            await ready.refresh(market)
        yield ready


MINUTE = timedelta(minutes=1)
