"""One request before a server of raw bytes: what is believed, tried again, refused, and what pauses the fleet."""

import asyncio
import gzip
import time
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from services.binance.errors import ExchangeUnavailable, Held, RequestRefused
from services.coordination.weight import WeightBudget
from services.domain.errors import InvalidData, Unavailable
from services.domain.market import Market
from services.domain.path import MINUTE, floor_minute
from tests.binance.conftest import LIMITS, open_client
from tests.binance.raw_server import answer, raw_server
from tests.binance.test_convert import START, START_MS
from tests.servers import PATIENCE, wait_until
from tests.simulator_process import start_simulator

TIME = b'{"serverTime":%d}' % START_MS
ROW = f'[{START_MS},"10","12","9","11","1",{START_MS + 59_999},"10",3,"1","1","0"]'.encode()
KLINES = b"[" + ROW + b"]"


SHORTER_THAN_A_PAUSE = 4.0
"""Seconds: a pause of the market is at least five, and is not waited for."""
LONG = 20.0


async def ask(client, within: float = SHORTER_THAN_A_PAUSE, start: datetime = START, market: Market = Market.SPOT):
    """One path of one minute."""
    path, _ = await client.path(
        market, "BTCUSDT", 1, start=start, end=start + MINUTE, tail=False, purpose="cycle", within=within
    )
    return path


async def hang(writer):
    """Never answers."""


async def hang_up(writer):
    writer.close()


async def drip(writer):
    """Answers a byte at a time, for ever: no single read is late."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def cut_short(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + KLINES)
    await writer.drain()
    writer.close()


async def test_a_good_answer(server, raw_client):
    server.script = [answer(KLINES)]
    assert len((await ask(raw_client)).bars) == 1
    query = f"symbol=BTCUSDT&startTime={START_MS}&endTime={START_MS + 59_999}&limit=1&interval=1m"
    assert server.targets == [f"/api/v3/klines?{query}"]


async def test_a_minute_without_trades_is_no_bar_but_proves_the_one_before(server, raw_client):
    silent = f'[{START_MS + 60_000},"11","11","11","11","0",{START_MS + 119_999},"0",0,"0","0","0"]'.encode()
    server.script = [answer(b"[" + ROW + b"," + silent + b"]")]
    path, newest = await raw_client.path(
        Market.SPOT, "BTCUSDT", 1, start=START, end=START + MINUTE, tail=True, purpose="cycle"
    )
    assert (len(path.bars), path.tail, newest) == (1, None, START + MINUTE)


async def test_a_compressed_answer(server, raw_client):
    server.script = [answer(gzip.compress(KLINES), 200, "Content-Encoding: gzip")]
    assert len((await ask(raw_client)).bars) == 1
    assert "accept-encoding: gzip\r\n" in server.requests[0].lower()


@pytest.mark.parametrize(
    "failure",
    [
        answer(b"", 500),
        answer(b"<html>busy</html>", 502),
        answer(b'{"code":-1008,"msg":"Request throttled"}', 503),
        answer(b'{"code":-1007,"msg":"Timeout waiting for response"}', 400),
        answer(b"", 408),
        hang,
        hang_up,
        cut_short,
        drip,
    ],
)
async def test_a_failure_of_the_exchange_is_tried_again(server, hasty_client, failure):
    server.script = [failure, failure, answer(KLINES)]
    assert len((await ask(hasty_client, LONG)).bars) == 1
    assert len(server.requests) >= 3  # a good answer may be late too


@pytest.mark.parametrize("failure", [answer(b"", 500), hang, drip])
async def test_the_deadline_is_kept(server, hasty_client, failure):
    server.script = [failure]
    began = time.monotonic()
    with pytest.raises(ExchangeUnavailable):
        await ask(hasty_client, within=0.5)
    assert time.monotonic() - began < 0.5 + 0.3 * PATIENCE
    assert len(server.requests) >= 1


async def test_every_attempt_is_paid_for(server, raw_client, weight):
    server.script = [answer(b"", 500), answer(b"", 500), answer(KLINES)]
    await ask(raw_client, LONG)
    assert (await weight.usage(Market.SPOT)).used == 6


@pytest.mark.parametrize(
    "body",
    [
        b"<html>We will be back soon</html>",
        b"",
        b"{}",
        b"null",
        b"[[1]]",
        b'[["a"]]',
        KLINES[:-5],
        KLINES + b"x",
        b"[" + ROW + b"," + ROW + b"]",
        b"\xff\xfe[]",
        b"[" * 100_000,
        b"[" + ROW.replace(b'"12"', b"12") + b"]",
        b"[" + ROW.replace(b'"12"', b"null") + b"]",
    ],
)
async def test_garbage_with_status_200_is_invalid_and_nothing_else(server, raw_client, body):
    server.script = [answer(body)]
    with pytest.raises(InvalidData):
        await ask(raw_client)


@pytest.mark.parametrize(
    "respond",
    [
        answer(KLINES + b" " * 3_000_000),
        answer(gzip.compress(KLINES + b" " * 50_000_000), 200, "Content-Encoding: gzip"),
        answer(b"not gzip", 200, "Content-Encoding: gzip"),
    ],
    ids=["large", "bomb", "not gzip"],
)
async def test_a_body_beyond_measure_is_invalid(server, raw_client, respond):
    server.script = [respond]
    with pytest.raises(InvalidData):
        await ask(raw_client, LONG)


async def test_a_redirect_is_not_followed(server, raw_client):
    server.script = [answer(b"", 302, f"Location: {server.url}/api/v3/time")]
    with pytest.raises(RequestRefused):
        await ask(raw_client)
    assert len(server.requests) == 1


async def test_a_cookie_is_never_sent_back(server, raw_client):
    server.script = [answer(KLINES, 200, "Set-Cookie: tracker=1; Path=/")]
    await ask(raw_client)
    await ask(raw_client)
    assert "cookie" not in "".join(server.requests).lower()


async def test_connections_are_kept_and_at_most_twenty(server, raw_client):
    server.script = [answer(KLINES)]
    await asyncio.gather(*(ask(raw_client, LONG) for _ in range(200)))
    assert server.connections <= 20
    assert len(server.requests) == 200


async def test_a_connection_that_was_closed_meanwhile_is_not_asked(server, raw_client, weight):
    server.script = [answer(KLINES)]
    await ask(raw_client)
    await server.close()
    await ask(raw_client)
    assert len(server.requests) == server.connections == 2
    assert (await weight.usage(Market.SPOT)).used == 4, "no attempt was spent on it"


async def test_a_connection_that_the_exchange_ends_with_its_answer_is_not_asked(server, raw_client):
    server.script = [answer(KLINES, 200, "Connection: close")]
    await ask(raw_client)
    await wait_until(lambda: server.connected == 0)
    await ask(raw_client)
    assert len(server.requests) == server.connections == 2


async def test_both_markets_together_have_no_more_than_twenty(server, weight):
    async with raw_server() as futures, open_client(server.url, futures.url, weight) as client:
        server.script = futures.script = [answer(KLINES)]
        for _ in range(3):
            for market in Market:
                await asyncio.gather(*(ask(client, LONG, market=market) for _ in range(60)))
        await wait_until(lambda: server.connected + futures.connected <= 20)
        assert len(server.requests) == len(futures.requests) == 180
    await wait_until(lambda: server.connected == 0)


@pytest.mark.parametrize(
    ("respond", "seconds"),
    [
        (answer(b'{"code":-1003,"msg":"Too much request weight used"}', 429, "Retry-After: 17"), 17),
        (answer(b'{"code":-1003,"msg":"Way too much; IP banned until 1."}', 418, "Retry-After: 3000"), 3000),
        (answer(b'{"code":-1003,"msg":"Too many requests"}', 429), 5),
        (answer(b'{"code":-1003,"msg":"Too many requests"}', 400), 5),
        (answer(b"", 418), 120),
        (answer(b"<html>403 ERROR</html>", 403), 300),
        (answer(b'{"code":0,"msg":"Service unavailable from a restricted location"}', 451), 300),
        (answer(b"x" * 5_000_000, 403), 300),
        (answer(b"", 429, "Retry-After: 99999999"), 3 * 86400),
    ],
)
async def test_refusals_pause_the_market_and_are_not_tried_again(server, raw_client, weight, respond, seconds):
    server.script = [respond]
    with pytest.raises(Held) as held:
        await ask(raw_client)
    assert held.value.retry_after == pytest.approx(seconds, abs=1)
    with pytest.raises(Held):
        await ask(raw_client)
    assert len(server.requests) == 1, "nothing leaves while the market is paused"
    usage = await weight.usage(Market.SPOT)
    assert usage.paused_seconds == pytest.approx(seconds, abs=1)
    assert usage.reason.startswith("HTTP 4")
    assert (await weight.usage(Market.FUTURES)).paused_seconds == 0


@pytest.mark.parametrize(
    ("date", "now"),
    [("Date: Thu, 01 Jul 2021 12:00:00 GMT", 1_625_140_800), ("Date: never", None), ("Server: none", None)],
    ids=["by the exchange's clock", "which is none", "which it does not tell"],
)
async def test_a_ban_told_only_in_words_is_kept(server, raw_client, date, now):
    until = int(((now or time.time()) + 1000) * 1000)
    text = f'{{"code":-1003,"msg":"Way too many requests; IP banned until {until}."}}'
    server.script = [answer(text.encode(), 418, date)]
    with pytest.raises(Held) as held:
        await ask(raw_client)
    assert held.value.retry_after == pytest.approx(1000, abs=2)


async def test_a_short_pause_is_waited_for(server, raw_client, weight):
    server.script = [answer(KLINES)]
    began = time.monotonic()
    await weight.pause(Market.SPOT, 0.3, "HTTP 429")
    assert len((await ask(raw_client, LONG)).bars) == 1
    assert time.monotonic() - began >= 0.3


async def test_a_ring_does_not_wait_for_weight(server, raw_client, weight):
    await weight.pause(Market.SPOT, 5, "HTTP 429")
    began = time.monotonic()
    with pytest.raises(Held):
        await raw_client.path(
            Market.SPOT, "BTCUSDT", 1, start=START, end=START + MINUTE, tail=True, purpose="ring", within=LONG
        )
    assert time.monotonic() - began < 5
    assert server.requests == []


async def test_the_exchanges_count_corrects_ours(server, raw_client, weight):
    server.script = [answer(KLINES, 200, "x-mbx-used-weight: 4000", "x-mbx-used-weight-1m: 4000")]
    await ask(raw_client)
    await ask(raw_client)
    assert (await weight.usage(Market.SPOT)).others == pytest.approx(4000, abs=10)


async def test_a_count_that_is_not_one_is_ignored(server, raw_client, weight):
    server.script = [answer(KLINES, 200, "x-mbx-used-weight-1m: many")]
    await ask(raw_client)
    await ask(raw_client)
    assert (await weight.usage(Market.SPOT)).others == 0


async def test_without_redis_nothing_leaves(server):
    async with Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1) as nowhere:
        weight = WeightBudget(nowhere, LIMITS, Decimal(1), Decimal(1))
        async with open_client(server.url, server.url, weight) as client:
            with pytest.raises(Unavailable):
                await ask(client)
    assert server.requests == []


async def test_an_exchange_that_is_away_is_told_within_the_deadline(weight):
    async with open_client("http://127.0.0.1:1", "http://127.0.0.1:1", weight) as client:
        with pytest.raises(ExchangeUnavailable):
            await ask(client, within=0.3)


async def test_a_cancelled_call_leaves_the_client_whole(server, raw_client):
    server.script = [hang]
    calls = [asyncio.create_task(ask(raw_client, LONG)) for _ in range(40)]
    await wait_until(lambda: len(server.requests) >= 20)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    server.script = [answer(KLINES)]
    paths = await asyncio.gather(*(ask(raw_client, LONG) for _ in range(40)))
    assert all(len(path.bars) == 1 for path in paths)


@pytest.mark.parametrize("kind", ["429", "418"])
async def test_no_request_of_the_fleet_leaves_before_the_exchange_allows_it(redis_url, kind):
    """The clients of four processes under load, refused twice: the exchange itself judges."""
    got, held = [], []
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(start_simulator(seed=7))
        clients = []
        for _ in range(4):
            redis = await stack.enter_async_context(Redis.from_url(redis_url))
            weight = WeightBudget(redis, LIMITS, Decimal(1), Decimal(1))
            opened = open_client(simulator.spot_url, simulator.futures_url, weight)
            clients.append(await stack.enter_async_context(opened))

        start = floor_minute(await clients[0].server_time(Market.SPOT)) - MINUTE

        async def load(client):
            while len(got) < 400:
                try:
                    got.append(await ask(client, 0.6, start))
                except Unavailable as error:
                    held.append(error)
                    await asyncio.sleep(0.01)

        async def refuse_twice():
            for served in (100, 250):
                await wait_until(lambda served=served: len(got) >= served, 20)
                await simulator.add_fault(kind, count=1, retry_after=1, path_prefix="/api")

        async with asyncio.TaskGroup() as tasks:
            for each in (refuse_twice(), *(load(client) for client in clients for _ in range(3))):
                tasks.create_task(each)
        log = await simulator.log()
    assert any(isinstance(error, Held) for error in held)
    refusals = sum(each["count"] for each in log["requests"] if each["status"] == int(kind))
    assert refusals >= 2
    # What left before the refusal was known cannot be called back. That takes milliseconds, on a busy machine tens.
    assert [each for each in log["violations"]["SPOT"] if each["after_ms"] > 500] == []
