"""The price cache over real Valkey: whole sweeps in, quotes out; jumps are doubted, old sweeps do not win."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.coordination.prices import PriceCache
from services.domain.errors import Unavailable
from services.domain.market import Market, Quote

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def quote(last: str, seconds: float = 0, spread: str = "0.01") -> Quote:
    price = Decimal(last)
    return Quote(price, price + Decimal(spread), price, NOON + timedelta(seconds=seconds))


async def test_a_whole_market_in_one_many_and_all_out(redis):
    cache = PriceCache(redis)
    quotes = {f"C{number}USDT": quote(f"{number}.00012300") for number in range(1, 3001)}
    await cache.store(Market.SPOT, quotes)
    assert await cache.one(Market.SPOT, "C7USDT") == quotes["C7USDT"]
    assert await cache.many(Market.SPOT, ["C1USDT", "NONE"]) == {"C1USDT": quotes["C1USDT"]}
    assert await cache.all(Market.SPOT) == quotes
    assert str((await cache.all(Market.SPOT))["C9USDT"].last) == "9.00012300"


async def test_markets_are_apart_and_unknown_is_none(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("5")})
    assert await cache.one(Market.FUTURES, "BTCUSDT") is None
    assert await cache.many(Market.SPOT, []) == {}
    await cache.store(Market.SPOT, {})


async def test_an_older_sweep_never_replaces_a_younger_one(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("5", 10)})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("6", 9)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("5", 10)


async def test_a_symbol_missing_from_a_sweep_keeps_its_quote(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("5"), "ETHUSDT": quote("6")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("5", 2)})
    assert await cache.one(Market.SPOT, "ETHUSDT") == quote("6")


@pytest.mark.parametrize("jump", ["1000", "0.1"])
async def test_a_jump_is_believed_when_it_is_still_there_a_minute_later(redis, jump):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10"), "ETHUSDT": quote("6")})
    for second in (2, 30, 61):
        await cache.store(Market.SPOT, {"BTCUSDT": quote(jump, second), "ETHUSDT": quote("6", second)})
        assert await cache.one(Market.SPOT, "BTCUSDT") == quote("10"), "people do not trade at it"
        assert await cache.one(Market.SPOT, "ETHUSDT") == quote("6", second), "others are not held up"
        assert await cache.doubted(Market.SPOT) == {"BTCUSDT": quote(jump, 2)}
    await cache.store(Market.SPOT, {"BTCUSDT": quote(jump, 62)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote(jump, 62)
    assert await cache.doubted(Market.SPOT) == {}


async def test_a_jump_that_passes_is_forgotten(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 2)})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("11", 4)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("11", 4)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 65)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("11", 4), "a minute counts from the new doubt"


async def test_a_jump_to_yet_another_price_starts_anew(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 2)})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("0.001", 63)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("10")


async def test_a_wild_ask_is_doubted_too(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10", 2, spread="90")})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("10")


async def test_ordinary_crashes_are_no_jump(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("2.1", 2)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("2.1", 2)


async def test_a_quote_of_yesterday_is_no_measure(redis):
    cache = PriceCache(redis)
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 3601)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("1000", 3601)


async def test_a_minute_is_the_exchanges(redis):
    cache = PriceCache(redis, speed=Decimal(60))
    await cache.store(Market.SPOT, {"BTCUSDT": quote("10")})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 0.1)})
    await cache.store(Market.SPOT, {"BTCUSDT": quote("1000", 1.1)})
    assert await cache.one(Market.SPOT, "BTCUSDT") == quote("1000", 1.1)


async def test_without_redis_it_says_so():
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nowhere:
        cache = PriceCache(nowhere)
        with pytest.raises(Unavailable):
            await cache.store(Market.SPOT, {"BTCUSDT": quote("5")})
        with pytest.raises(Unavailable):
            await cache.one(Market.SPOT, "BTCUSDT")
        with pytest.raises(Unavailable):
            await cache.all(Market.SPOT)
