"""The client before the simulated exchange: listings, paths, finer data, quotes, time."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from services.binance import client as client_module
from services.binance import convert
from services.binance.errors import RequestRefused
from services.coordination.weight import WeightBudget
from services.domain.errors import InvalidData
from services.domain.market import Market
from services.domain.path import MINUTE, Resolution, floor_minute
from tests.binance.conftest import LIMITS, open_client
from tests.simulator_process import start_simulator

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOTH = pytest.mark.parametrize("market", list(Market))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange():
    """One simulator for all tests of this file: starting one takes longer than most of them."""
    async with start_simulator(seed=7) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def simulator(exchange):
    await exchange.clear_log()
    yield exchange
    await exchange.clear_faults()
    await exchange.set_latency(0)


@pytest_asyncio.fixture(loop_scope="module")
async def weight(redis_url):
    async with Redis.from_url(redis_url) as redis:
        yield WeightBudget(redis, LIMITS, Decimal(1), Decimal(1))


@pytest_asyncio.fixture(loop_scope="module")
async def client(simulator, weight):
    async with open_client(simulator.spot_url, simulator.futures_url, weight) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def end(client):
    """The last whole minute of the exchange."""
    return floor_minute(await client.server_time(Market.SPOT))


async def path(client, market, start, end, *, symbol="BTCUSDT", tail=False, purpose="cycle"):
    return (await client.path(market, symbol, 7, start=start, end=end, tail=tail, purpose=purpose))[0]


async def asked(simulator, part: str) -> int:
    return sum(each["count"] for each in (await simulator.log())["requests"] if part in each["path"])


@BOTH
async def test_listings_are_the_tradable_usdt_pairs(client, market):
    listings = await client.listings(market)
    assert len(listings) == {Market.SPOT: 436, Market.FUTURES: 530}[market]
    assert {listing.market for listing in listings} == {market}
    assert all(listing.symbol.endswith("USDT") and listing.filters.tick_size > 0 for listing in listings)


@BOTH
async def test_a_path_is_complete_however_long(client, end, market):
    for minutes in (1, 60, 99, 100, 600, 1500):
        start = end - minutes * MINUTE
        found = await path(client, market, start, end)
        assert (found.instrument_id, found.start, found.end, found.tail) == (7, start, end, None)
        assert [bar.open_time for bar in found.bars] == [start + n * MINUTE for n in range(minutes)]


@BOTH
async def test_the_same_path_whatever_its_parts(client, end, market):
    start, middle = end - 150 * MINUTE, end - 70 * MINUTE
    whole = await path(client, market, start, end)
    parts = [await path(client, market, start, middle), await path(client, market, middle, end)]
    assert parts[0].bars + parts[1].bars == whole.bars


@BOTH
async def test_the_tail_is_the_minute_at_the_end(client, end, market):
    found = await path(client, market, end - 2 * MINUTE, end, tail=True)
    assert len(found.bars) == 2
    assert found.tail is not None
    assert found.tail.open_time == end
    alone = await path(client, market, end, end, tail=True)
    assert (alone.bars, alone.tail.open_time) == ((), end)


async def test_an_empty_span_asks_nothing(client, simulator, end):
    await simulator.clear_log()
    assert (await path(client, Market.SPOT, end, end)).bars == ()
    assert await asked(simulator, "klines") == 0


async def test_a_pair_that_does_not_trade_has_a_covered_path_without_bars(client, simulator, end):
    await simulator.set_listing("SPOT", "ADAUSDT", status="HALT")
    now = await simulator.now()
    await simulator.set_clock(time=now + 10 * 60_000)
    later = floor_minute(convert.from_ms(now)) + 9 * MINUTE
    found = await path(client, Market.SPOT, later - 5 * MINUTE, later, symbol="ADAUSDT")
    await simulator.set_listing("SPOT", "ADAUSDT", status="TRADING")
    assert (found.bars, found.start, found.end) == ((), later - 5 * MINUTE, later)


async def test_few_bars_are_asked_for_at_the_least_weight(client, weight, end):
    for minutes, cost in ((1, 1), (99, 1), (100, 2), (499, 2), (600, 4)):
        before = (await weight.usage(Market.FUTURES)).by_purpose.get("cycle", 0)
        await path(client, Market.FUTURES, end - minutes * MINUTE, end)
        assert (await weight.usage(Market.FUTURES)).by_purpose["cycle"] - before in (cost, cost - 1)


async def test_our_count_of_weight_is_the_exchanges(client, weight, simulator, end):
    for market in Market:
        await client.listings(market)
        await client.quotes(market)
        await path(client, market, end - 700 * MINUTE, end)
        await client.finer(market, "BTCUSDT", end - 3 * MINUTE, Resolution.PRINTS)
    used = {market: (await weight.usage(market)).used for market in Market}
    counted = (await simulator.log())["weight_by_minute"]
    assert {market: sum(counted[market].values()) for market in Market} == used


@BOTH
async def test_an_impossible_price_never_becomes_a_bar_or_a_quote(client, simulator, end, market):
    for value in ("NaN", "Infinity", "0", "-5", "1e308", "junk"):
        await simulator.add_fault("nan", value=value, symbol="BTCUSDT")
        with pytest.raises(InvalidData):
            await path(client, market, end - 3 * MINUTE, end)
        quotes = await client.quotes(market)
        assert "BTCUSDT" not in quotes
        assert "ETHUSDT" in quotes
        other = await path(client, market, end - 3 * MINUTE, end, symbol="ETHUSDT")
        assert len(other.bars) == 3
        await simulator.clear_faults()


@BOTH
async def test_quotes_of_the_whole_market_in_two_requests(client, simulator, market):
    await simulator.clear_log()
    before = datetime.now(UTC)
    quotes = await client.quotes(market)
    listed = {listing.symbol for listing in await client.listings(market)}
    assert listed <= quotes.keys()
    assert all(0 < quote.bid <= quote.ask for quote in quotes.values())
    assert {quote.asked_at >= before for quote in quotes.values()} == {True}
    assert await asked(simulator, "ticker") == 2


@BOTH
async def test_a_quotes_age_counts_from_before_it_was_asked_for(client, simulator, market):
    await simulator.set_latency(300)
    quotes = await client.quotes(market)
    assert datetime.now(UTC) - quotes["BTCUSDT"].asked_at >= timedelta(seconds=0.3)


async def test_missing_and_repeated_symbols_cost_only_themselves(client, simulator):
    await simulator.add_fault("missing_symbol", symbol="BTCUSDT", path_prefix="/api/v3/ticker")
    quotes = await client.quotes(Market.SPOT)
    assert "BTCUSDT" not in quotes
    assert len(quotes) >= 435
    await simulator.clear_faults()
    await simulator.add_fault("duplicate_symbol", symbol="BTCUSDT", path_prefix="/api/v3/ticker")
    assert len(await client.quotes(Market.SPOT)) >= 436


async def test_seconds_and_prints_of_a_spot_minute_agree_with_its_bar(client, end):
    minute = end - 2 * MINUTE
    (bar,) = (await path(client, Market.SPOT, minute, minute + MINUTE)).bars
    for resolution in Resolution:
        finer = await client.finer(Market.SPOT, "BTCUSDT", minute, resolution)
        assert not finer.gone
        assert finer.resolution is resolution
        assert (finer.bars[0].open, finer.bars[-1].close) == (bar.open, bar.close)
        assert max(part.high for part in finer.bars) == bar.high
        assert min(part.low for part in finer.bars) == bar.low
        assert all(minute <= part.open_time < minute + MINUTE for part in finer.bars)


async def test_futures_have_prints_but_no_seconds(client, end):
    minute = end - 2 * MINUTE
    assert (await client.finer(Market.FUTURES, "BTCUSDT", minute, Resolution.SECONDS)).gone
    prints = await client.finer(Market.FUTURES, "BTCUSDT", minute, Resolution.PRINTS)
    assert prints.bars
    assert not prints.gone


async def test_prints_of_futures_two_days_old_are_gone(client, end):
    old = await client.finer(Market.FUTURES, "BTCUSDT", end - timedelta(days=2), Resolution.PRINTS)
    assert (old.gone, old.bars) == (True, ())


async def burst(simulator, prints: int) -> datetime:
    """A minute of the past with that many prints of ETHUSDT, as the exchange now tells it."""
    minute = floor_minute(convert.from_ms(await simulator.now())) + MINUTE
    start = convert.to_ms(minute)
    tape = [(start + number * 59_000 // prints, str(2000 + number % 7)) for number in range(prints)]
    await simulator.set_path("SPOT", "ETHUSDT", tape)
    await simulator.set_clock(time=start + 5 * 60_000)
    return minute


async def test_more_prints_than_a_page_are_all_had(client, simulator):
    minute = await burst(simulator, 2500)
    finer = await client.finer(Market.SPOT, "ETHUSDT", minute, Resolution.PRINTS)
    assert len([bar for bar in finer.bars if bar.open_time < minute + timedelta(seconds=59)]) == 2500
    assert [bar.open_time for bar in finer.bars] == sorted(bar.open_time for bar in finer.bars)
    assert await asked(simulator, "aggTrades") == 3


async def test_of_more_prints_than_anybody_reads_the_first_are_told(client, simulator, monkeypatch):
    monkeypatch.setattr(client_module, "PAGES_MAX", 2)
    minute = await burst(simulator, 2500)
    finer = await client.finer(Market.SPOT, "ETHUSDT", minute, Resolution.PRINTS)
    assert (finer.gone, len(finer.bars)) == (True, 2000)
    assert finer.until == finer.bars[-1].open_time < minute + MINUTE
    assert await asked(simulator, "aggTrades") == 2


async def test_an_unknown_symbol_is_refused_with_the_exchanges_code(client, end):
    with pytest.raises(RequestRefused) as refused:
        await path(client, Market.SPOT, end - MINUTE, end, symbol="NOSUCHUSDT")
    assert (refused.value.status, refused.value.code) == (400, -1121)


async def test_names_beyond_ascii_can_be_asked(client, end):
    with pytest.raises(RequestRefused) as refused:
        await path(client, Market.SPOT, end - MINUTE, end, symbol="没有这个USDT")
    assert refused.value.code == -1121


async def test_server_time_is_the_exchanges(client, simulator):
    before = await simulator.set_clock(paused=True)
    for market in Market:
        assert convert.to_ms(await client.server_time(market)) == before
    await simulator.set_clock(paused=False)


async def test_a_full_cycle_fits_half_of_the_exchanges_limits(simulator, redis_url):
    """The promise of the default settings: every pair once a minute, with a weight share of a half."""
    async with Redis.from_url(redis_url) as redis:
        weight = WeightBudget(redis, LIMITS, Decimal("0.5"), Decimal(1))
        async with open_client(simulator.spot_url, simulator.futures_url, weight) as client:
            for market in Market:
                names = [listing.symbol for listing in await client.listings(market)]
                end = floor_minute(await client.server_time(market))
                paths = await asyncio.gather(*(path(client, market, end - MINUTE, end, symbol=name) for name in names))
                assert len(paths) == len(names)
