"""A scan against the simulated exchange: from closed candles to stored signals, once, whatever happens on the way."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
import pytest_asyncio

from paperfleet.cli.operator import operator
from services.binance import convert
from services.db import instruments
from services.db.acting import acting_as
from services.domain.candles import Candle, Timeframe
from services.domain.market import Instrument, Market
from services.scanner.look import look_at_newest
from services.scanner.series import Candles
from services.usecases.context import Services
from services.usecases.plan_scan import plan_scan
from services.usecases.scan_pairs import scan_pairs
from services.usecases.scan_universe import admitted, day_volume
from services.usecases.strategies import configured_strategies, enable_strategy, list_strategies
from services.usecases.sweep_quotes import sweep_quotes
from tests.scanner.desk import ALWAYS, PAIRS, START, Desk, desk
from tests.simulator_process import start_simulator

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
CLOSED = START.replace(second=0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange():
    async with start_simulator(seed=7, paused=True) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def market(exchange, database_url, redis_url, tmp_path):
    (tmp_path / "always.py").write_text(ALWAYS)
    async with desk(exchange, database_url, redis_url, tmp_path) as opened:
        yield opened


async def told_by_exchange(market: Desk, of: Market, symbol: str, timeframe: Timeframe, bars: int) -> list[list]:
    """The last closed candles as the exchange has them."""
    place = "/api/v3/klines" if of is Market.SPOT else "/fapi/v1/klines"
    closed_to = timeframe.floor(convert.from_ms(await market.exchange.now()))
    start = convert.to_ms(closed_to - bars * timeframe.length)
    query = {"symbol": symbol, "interval": timeframe, "startTime": start, "endTime": convert.to_ms(closed_to) - 1}
    return await market.exchange.json(place, **query, limit=bars)


def stored(market: Desk, of: Market, symbol: str, timeframe: Timeframe) -> list[tuple]:
    return market.rows(
        """SELECT c.open_time, c.open, c.high, c.low, c.close, c.volume FROM candles c JOIN instruments i ON i.id =
           c.instrument_id WHERE i.market = %s AND i.symbol = %s AND c.timeframe = %s ORDER BY c.open_time""",
        of, symbol, timeframe,
    )  # fmt: skip


async def same_as_the_exchange(market: Desk, timeframe: Timeframe, bars: int) -> None:
    for of in Market:
        for symbol in PAIRS:
            rows = await told_by_exchange(market, of, symbol, timeframe, bars)
            kept = stored(market, of, symbol, timeframe)[-bars:]
            assert [convert.to_ms(row[0]) for row in kept] == [row[0] for row in rows]
            for mine, theirs in zip(kept, rows, strict=True):
                assert list(mine[1:5]) == [float(text) for text in theirs[1:5]]
                assert mine[5] == pytest.approx(float(theirs[5]), rel=1e-12)


async def test_every_strategy_looks_at_every_pair_whose_candle_has_closed(market):
    found = await market.scan()
    signals = market.signals()
    assert len(signals) == found
    strategies = configured_strategies(market.services.settings).strategies
    expected = set()
    ids = {row[1:]: row[0] for row in market.rows("SELECT id, market, symbol FROM instruments")}
    for of in Market:
        for symbol in PAIRS:
            for timeframe in (Timeframe.M15, Timeframe.H1):
                rows = stored(market, of, symbol, timeframe)
                series = Candles.of([candle_of(row) for row in rows])
                sighted = look_at_newest(
                    strategies.values(), timeframe, {await instrument(market, ids[of, symbol]): series}
                )
                expected |= {each.key for each in sighted.signals}
    assert {row[-1] for row in signals} == expected
    always = [row for row in signals if row[0] == "scanner:always"]
    assert len([row for row in always if row[1] == "FUTURES"]) == 2 * len(PAIRS)
    assert all(row[4] == CLOSED and row[10] == "ACTIVE" for row in signals)
    assert {row[9] for row in always} == {Decimal("0.2500")}


def candle_of(row: tuple) -> Candle:
    return Candle(row[0], *(Decimal(repr(value)) for value in row[1:]))


async def instrument(market: Desk, id_: int) -> Instrument:
    async with market.services.pool.connection() as connection:
        return (await instruments.by_ids(connection, [id_]))[id_]


async def test_scans_again_at_once_and_together_store_each_signal_once(market):
    batches = [batch for of in Market for batch in await plan_scan(market.services, of)]
    await asyncio.gather(
        *(scan_pairs(market.services, each.market, each.closed_to, each.shard) for each in batches for _ in range(3))
    )
    await market.scan()  # where the machine was too slow for the exchange's deadline
    once = market.signals()
    assert len({row[-1] for row in once}) == len(once) >= 2 * len(PAIRS)
    assert await market.planned() == 0, "what is done is not asked for again"
    market_rows = market.rows("UPDATE scans SET done_at = NULL RETURNING shard")
    assert len(market_rows) == await market.planned()
    await market.scan()  # as after a crash between the signals and the note that the batch is done
    assert market.signals() == once


async def test_the_next_close_costs_one_request_a_pair_and_candles_stay_the_exchanges(market):
    await market.scan()
    await same_as_the_exchange(market, Timeframe.M15, 400)
    await same_as_the_exchange(market, Timeframe.H1, 400)
    for close in range(1, 5):
        await market.exchange.clear_log()
        await market.advance(QUARTER)
        await market.scan()
        assert await market.klines_asked() == 2 * len(PAIRS), f"close {close}"
    await same_as_the_exchange(market, Timeframe.M15, 404)
    await same_as_the_exchange(market, Timeframe.H1, 401)  # the last one was put together, not asked for


async def test_after_a_pause_only_what_is_missing_is_asked_for(market):
    await market.scan()
    await market.advance(26 * HOUR)
    await market.exchange.clear_log()
    await market.scan()
    assert await market.klines_asked() == 4 * len(PAIRS), "both timeframes have a hole"
    await same_as_the_exchange(market, Timeframe.M15, 404)
    await same_as_the_exchange(market, Timeframe.H1, 404)
    kept = market.rows("SELECT count(*) FROM candles GROUP BY instrument_id, timeframe")
    assert max(count for (count,) in kept) <= 500


async def test_a_candle_in_progress_is_neither_stored_nor_scanned(market):
    await market.scan()
    once = market.signals()
    await market.advance(QUARTER - timedelta(seconds=6))
    assert await market.scan_once() == 0
    assert market.signals() == once
    assert market.rows("SELECT max(open_time + interval '15 minutes') FROM candles WHERE timeframe = '15m'") == [
        (CLOSED,)
    ]


async def test_a_close_of_long_ago_brings_its_candles_and_no_signals(exchange, database_url, redis_url, tmp_path):
    (tmp_path / "always.py").write_text(ALWAYS)
    late = START + timedelta(minutes=7)
    async with desk(exchange, database_url, redis_url, tmp_path, start=late) as market:
        await market.scan()
        assert market.signals() == []
        await same_as_the_exchange(market, Timeframe.M15, 400)
        await market.advance(timedelta(minutes=8))
        assert await market.scan() > 0
        assert {row[3] for row in market.signals()} == {"15m"}


async def test_a_fleet_begun_or_back_between_closes_has_the_candles_of_each_timeframe(
    exchange, database_url, redis_url, tmp_path
):
    late = START + timedelta(minutes=40)
    async with desk(exchange, database_url, redis_url, tmp_path, start=late) as market:
        for hours in (0, 2):
            await market.advance(hours * HOUR)
            await market.scan()
            await same_as_the_exchange(market, Timeframe.M15, 400 + 4 * hours)
            await same_as_the_exchange(market, Timeframe.H1, 400 + hours)
            assert await market.planned() == 0
        assert market.signals() == [], "none of a close of ten minutes ago or more"


async def test_what_the_exchange_does_not_give_comes_up_again(market):
    for place in ("/api/v3/klines", "/fapi/v1/klines"):
        await market.exchange.add_fault("500", path_prefix=place)
    assert await market.scan_once() == 0
    await market.exchange.clear_faults()
    assert await market.planned() == 2
    assert await market.scan() > 0
    assert await market.planned() == 0


async def test_a_strategy_that_raises_is_disabled_and_told_once_and_others_go_on(market, tmp_path):
    broken = ALWAYS.replace('"always"', '"broken"').replace(
        "up = candles.close", "raise KeyError('close_')\n        up = candles.close"
    )
    (tmp_path / "broken.py").write_text(broken)
    configured_strategies.__globals__["_load"].cache_clear()
    assert await market.scan() > 0
    assert {row[0] for row in market.signals()} >= {"scanner:always"}
    assert not {row for row in market.signals() if row[0] == "scanner:broken"}
    listed = await list_strategies(market.services)
    assert [each.strategy for each in listed.disabled] == ["broken"]
    assert "KeyError: 'close_'" in listed.disabled[0].reason
    assert "broken" not in listed.strategies
    events = "SELECT payload ->> 'strategy', payload ->> 'reason' FROM events WHERE action = 'strategy_disabled'"
    assert len(market.rows(events)) == 1
    assert "close_" in market.rows(events)[0][1]
    await market.advance(QUARTER)
    await market.scan()
    assert len(market.rows(events)) == 1
    with acting_as(operator()):
        assert await enable_strategy(market.services, "broken")
    assert not await enable_strategy(market.services, "broken")
    audited = "SELECT action, subject_id, before ->> 'disabled_for' FROM audit_log WHERE subject = 'strategies'"
    assert [row[:2] for row in market.rows(audited)] == [("enable", "broken")]
    assert "close_" in market.rows(audited)[0][2]
    assert "broken" in (await list_strategies(market.services)).strategies
    configured_strategies.__globals__["_load"].cache_clear()


async def test_the_universe_is_what_the_settings_admit(market):
    await market.scan()
    every = {(of, symbol) for of in Market for symbol in PAIRS}
    for each in Market:
        await sweep_quotes(market.services, each)

    async def planned(**settings: object) -> set:
        market.rows("DELETE FROM scans RETURNING shard")
        services = wanting(market.services, **settings)
        return {(of, symbol) for of in Market for batch in await plan_scan(services, of) for symbol in batch.symbols}

    without = every - {("SPOT", "ETHUSDT"), ("FUTURES", "ETHUSDT"), ("FUTURES", "BTCUSDT")}
    assert await planned(scan_deny="ETHUSDT,FUTURES:BTCUSDT") == without
    only = await planned(scan_allow="SPOT:BTCUSDT, SOLUSDT")
    assert only == {("SPOT", "BTCUSDT"), ("SPOT", "SOLUSDT"), ("FUTURES", "SOLUSDT")}
    assert len(await planned(scan_allow="")) == 436 + 530

    series = {}
    for id_, name, symbol in market.rows("SELECT id, market, symbol FROM instruments WHERE symbol = ANY(%s)", [*PAIRS]):
        rows = stored(market, Market(name), symbol, Timeframe.M15)
        series[await instrument(market, id_)] = Candles.of([candle_of(row) for row in rows])

    async def admits(**settings: object) -> set:
        services = wanting(market.services, **settings)
        found = set()
        for of in Market:
            part = {each: candles for each, candles in series.items() if each.market is of}
            now = await market.services.clock.now(of)
            found |= {(each.market, each.symbol) for each in await admitted(services, Timeframe.M15, part, now)}
        return found

    volumes = sorted(day_volume(candles, Timeframe.M15) for candles in series.values())
    assert len(await admits(scan_min_quote_volume=Decimal(volumes[3]))) == 3
    assert await admits(scan_min_quote_volume=Decimal(1)) == every
    assert await admits(scan_max_spread_percent=Decimal("0.0000001")) == set()
    assert await admits(scan_max_spread_percent=Decimal(5)) == every
    assert await admits(scan_min_age_days=36500) == set()
    assert await admits(scan_min_age_days=365) == every


def wanting(services: Services, **settings: object) -> Services:
    return replace(services, settings=msgspec.structs.replace(services.settings, **settings))
