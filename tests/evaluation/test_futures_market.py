"""What the exchange tells of futures beside the last price: settled funding, and the mark price where it matters."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest

from services.bootstrap import build
from services.domain.errors import InvalidInput
from services.domain.market import Market, Quote
from services.domain.plan import Direction
from services.settings import Settings
from services.usecases.bring_brackets import bring_brackets
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.settle_funding import LATE, settle_funding
from services.usecases.sweep_quotes import sweep_quotes
from tests.simulator_process import Simulator, start_simulator

HOUR = timedelta(hours=1)
EIGHT = datetime(2026, 7, 1, 8, tzinfo=UTC)


class Stage(NamedTuple):
    simulator: Simulator
    services: Services

    async def at(self, time: datetime) -> list[str]:
        """Funding settled at exchange time `time`, by a process whose clock has just been set."""
        await self.simulator.set_clock(time=int(time.timestamp() * 1000))
        async with built(self.services.settings) as fresh:
            return await settle_funding(fresh)

    async def rows(self, query: str) -> list[tuple]:
        async with self.services.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()


def built(settings: Settings):
    return build(settings, name="test")


@pytest.fixture
async def stage(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    async with start_simulator(paused=True, start=(EIGHT - HOUR).isoformat()) as simulator:
        settings = simulator.settings(database_url, redis_url, market_speed=Decimal("1e-9"))
        async with built(settings) as services:
            await refresh_instruments(services, Market.FUTURES)
            yield Stage(simulator, services)


def long(symbol: str, quote: Quote, stop: str, leverage: int) -> NewTrade:
    """A market entry whose stop is this part of the last price."""
    return NewTrade(
        market_type=Market.FUTURES,
        symbol=symbol,
        direction=Direction.LONG,
        stop_loss=quote.last * Decimal(stop),
        take_profit=quote.last * 2,
        leverage=leverage,
    )


DUE = "SELECT due FROM funding_clocks JOIN instruments i ON i.id = instrument_id WHERE symbol = 'BTCUSDT'"
TIMES = "SELECT DISTINCT time FROM funding_settlements ORDER BY time"


async def test_the_next_settlement_is_known_before_it_comes_and_stored_when_it_has(stage: Stage):
    await stage.at(EIGHT - HOUR)
    assert await stage.rows(TIMES) == []
    assert (await stage.rows(DUE))[0] == (EIGHT,)
    await stage.at(EIGHT + timedelta(seconds=5))
    assert await stage.rows(TIMES) == [(EIGHT,)]
    assert (await stage.rows(DUE))[0] > (EIGHT,)
    ((symbol, amount),) = await stage.rows(
        "SELECT symbol, amount FROM funding_settlements JOIN instruments i ON i.id = instrument_id "
        "WHERE symbol = 'BTCUSDT'"
    )
    (told,) = await stage.simulator.json("/fapi/v1/fundingRate", symbol=symbol, startTime=int(EIGHT.timestamp() * 1000))
    assert amount == Decimal(told["markPrice"]) * Decimal(told["fundingRate"])


async def test_an_outage_is_caught_up_settlement_by_settlement(stage: Stage):
    await stage.at(EIGHT - HOUR)
    later = EIGHT + 25 * HOUR
    await stage.at(later + 2 * LATE)
    every = await stage.rows(
        "SELECT symbol, count(*) FROM funding_settlements JOIN instruments i ON i.id = instrument_id GROUP BY symbol"
    )
    info = {row["symbol"]: row["fundingIntervalHours"] for row in await stage.simulator.json("/fapi/v1/fundingInfo")}
    right = [symbol for symbol, count in every if count == 25 // info[symbol] + 1]
    assert len(right) > 500
    assert len(every) - len(right) < 5  # listed meanwhile
    assert (await stage.rows(DUE))[0] > (later,)


async def test_until_the_hour_is_told_it_stays_due_and_one_that_never_comes_is_given_up(stage: Stage):
    await stage.at(EIGHT - HOUR)
    # Contracts that no longer pay: 8 o'clock passes without a row of theirs.
    await stage.rows("UPDATE funding_clocks SET due = '2026-07-01 07:30+00' RETURNING due")
    soon = EIGHT - HOUR / 2 + timedelta(seconds=9)
    await stage.at(soon)
    assert (await stage.rows(DUE))[0] > (soon,)
    await stage.rows("UPDATE funding_clocks SET due = '2026-07-01 09:00+00' RETURNING due")
    await stage.at(EIGHT + HOUR + timedelta(seconds=5))
    assert (await stage.rows(DUE))[0] == (EIGHT + HOUR,)
    await stage.at(EIGHT + HOUR + LATE)
    assert (await stage.rows(DUE))[0] > (EIGHT + HOUR,)


async def test_a_trade_made_after_the_hour_waits_for_nothing_of_it_though_nothing_was_known_before(stage: Stage):
    begin = EIGHT + timedelta(minutes=2)
    await stage.simulator.set_clock(time=int(begin.timestamp() * 1000))
    async with built(stage.services.settings) as services:
        await sweep_quotes(services, Market.FUTURES)
        quote = await services.prices.one(Market.FUTURES, "BTCUSDT")
        account = (await stage.rows("SELECT id FROM accounts"))[0][0]
        await open_trade(services, account, long("BTCUSDT", quote, "0.95", 2))
    await stage.at(begin + timedelta(seconds=30))
    assert (await stage.rows(DUE))[0] > (begin + timedelta(seconds=30),)


async def test_only_a_pair_that_can_be_liquidated_is_asked_for_its_mark_price_and_that_liquidates(stage: Stage):
    simulator = stage.simulator
    begin = EIGHT - HOUR + timedelta(seconds=10)
    await simulator.set_clock(time=int(begin.timestamp() * 1000))
    async with built(stage.services.settings) as services:
        await sweep_quotes(services, Market.FUTURES)
        quote = await services.prices.one(Market.FUTURES, "BTCUSDT")
        account = (await stage.rows("SELECT id FROM accounts"))[0][0]
        opened = msgspec.json.decode((await open_trade(services, account, long("BTCUSDT", quote, "0.97", 20))).body)
    fall = Decimal(opened["liquidation_price"]) * Decimal("0.999")
    await simulator.set_clock(advance_ms=60_000)
    await simulator.jump("FUTURES", "BTCUSDT", fall, hold_ms=1000, tape="mark")
    await simulator.set_clock(advance_ms=180_000)
    await simulator.clear_log()
    async with built(stage.services.settings) as services:
        paths = await fetch_paths(services, Market.FUTURES, ["BTCUSDT", "ETHUSDT"], tail=False, purpose="cycle")
        await evaluate_trades(services, paths)
    assert await stage.rows("SELECT status, exit_reason, ambiguous FROM trades") == [
        ("CLOSED_LIQUIDATED", "liquidation", False)
    ]
    asked = {row["path"]: row["count"] for row in (await simulator.log())["requests"]}
    assert (asked["/fapi/v1/klines"], asked["/fapi/v1/markPriceKlines"]) == (2, 1)


async def test_brackets_that_an_operator_brings_hold_for_new_trades(stage: Stage):
    answer = b"""[{"symbol": "BTCUSDT", "brackets": [{"initialLeverage": 5, "notionalCap": 1000000,
        "notionalFloor": 0, "maintMarginRatio": 0.1, "cum": 0}]}]"""
    assert await bring_brackets(stage.services, answer) == 1
    await sweep_quotes(stage.services, Market.FUTURES)
    account = (await stage.rows("SELECT id FROM accounts"))[0][0]
    for symbol, refused in (("BTCUSDT", True), ("ETHUSDT", False)):
        quote = await stage.services.prices.one(Market.FUTURES, symbol)
        wish = long(symbol, quote, "0.95", 6)
        if refused:
            with pytest.raises(InvalidInput, match="allows leverage 5 up to 1000000 USDT"):
                await open_trade(stage.services, account, wish)
        else:
            await open_trade(stage.services, account, wish)
