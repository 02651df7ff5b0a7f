"""Candles over HTTP: the exchange's own, of any pair and interval, asked for once."""

from datetime import datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from services.domain.candles import Timeframe
from services.domain.market import Market

pytestmark = pytest.mark.asyncio(loop_scope="package")
PLACES = {Market.SPOT: "/api/v3/klines", Market.FUTURES: "/fapi/v1/klines"}


async def chart(api, **query: object) -> dict:
    answer = await api.http.get("/api/candles/", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def opened(found: dict) -> list[datetime]:
    return [datetime.fromisoformat(each["open_time"]) for each in found["candles"]]


@pytest.mark.parametrize("market", Market)
@pytest.mark.parametrize("interval", Timeframe)
async def test_the_last_candles_up_to_the_one_in_progress(api, services, market, interval):
    found = await chart(api, market_type=market, symbol="ETHUSDT", interval=interval, limit=120)
    times = opened(found)
    assert (found["market_type"], found["symbol"], found["interval"]) == (market, "ETHUSDT", interval)
    assert times == [times[-1] - n * interval.length for n in reversed(range(120))]
    assert times[-1] <= await services.clock.now(market) < times[-1] + 2 * interval.length
    assert [each["is_closed"] for each in found["candles"]][:-1] == [True] * 119
    assert all(Decimal(each["low"]) <= Decimal(each["open"]) <= Decimal(each["high"]) for each in found["candles"])


@pytest.mark.parametrize("market", Market)
async def test_every_number_is_the_exchanges(api, exchange_urls, market):
    start = datetime.fromisoformat("2026-01-01T00:00:00Z")
    end = start + timedelta(hours=250)
    found = await chart(
        api, market_type=market, symbol="SOLUSDT", interval="15m", limit=1000, **{"from": "2026-01-01", "to": str(end)}
    )
    base = exchange_urls["spot_url" if market is Market.SPOT else "futures_url"]
    query = {"symbol": "SOLUSDT", "interval": "15m", "startTime": int(start.timestamp() * 1000), "limit": 1000}
    async with httpx.AsyncClient() as http:
        rows = (await http.get(base + PLACES[market], params=query)).json()
    told = [[each[name] for name in ("open", "high", "low", "close", "volume")] for each in found["candles"]]
    assert told == [row[1:6] for row in rows]
    assert len(rows) == 1000
    assert opened(found)[0] == start


async def test_a_span_ends_before_to_and_begins_with_from(api):
    query = {"market_type": "SPOT", "symbol": "BTCUSDT", "interval": "1h"}
    found = await chart(api, **query, **{"from": "2026-03-01T00:30:00Z", "to": "2026-03-01T05:00:00Z"})
    assert [time.hour for time in opened(found)] == [1, 2, 3, 4]
    found = await chart(api, **query, limit=2, to="2026-03-01T05:30:00Z")
    assert [time.hour for time in opened(found)] == [4, 5]
    found = await chart(api, **query, limit=2, **{"from": "2026-03-01"})
    assert [time.hour for time in opened(found)] == [0, 1]


async def test_the_same_chart_is_asked_for_once(api, services):
    query = {"market_type": "FUTURES", "symbol": "XRPUSDT", "interval": "5m", "to": "2026-02-01", "limit": 50}
    before = (await services.weight.usage(Market.FUTURES)).by_purpose.get("chart", 0)
    first = await chart(api, **query)
    spent = (await services.weight.usage(Market.FUTURES)).by_purpose["chart"]
    assert spent > before
    assert await chart(api, **query) == first
    assert (await services.weight.usage(Market.FUTURES)).by_purpose["chart"] == spent


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"symbol": "NOSUCHUSDT"}, "unknown_symbol", "symbol"),
        ({"interval": "7m"}, "invalid_request", "interval"),
        ({"limit": 1001}, "invalid_request", "limit"),
        ({"from": "yesterday"}, "bad_time", "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "empty_span", "from"),
        ({"market_type": "OPTIONS"}, "invalid_request", "market_type"),
    ],
)
async def test_refusals_name_the_parameter(api, query, code, field):
    asked = {"market_type": "SPOT", "symbol": "BTCUSDT"} | query
    answer = await api.http.get("/api/candles/", params=asked)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)
