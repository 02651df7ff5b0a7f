"""Instruments and prices over HTTP."""

from decimal import Decimal

import pytest

from services.domain.market import Market
from tests.api.running import pages

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_instruments_page_by_market_and_symbol_and_can_be_searched(api):
    found = await pages(api, "/api/instruments/", limit=150)
    names = [(each["market_type"], each["symbol"]) for each in found]
    assert names == sorted(names)
    assert len(set(names)) == 436 + 530
    ether = await pages(api, "/api/instruments/", search="eth", market_type="SPOT")
    assert {"ETHUSDT"} < {each["symbol"] for each in ether}
    assert all("ETH" in each["symbol"] and each["market_type"] == "SPOT" for each in ether)
    assert await pages(api, "/api/instruments/", search="%") == []
    assert Decimal(ether[0]["tick_size"]) > 0


async def test_prices_come_with_their_age(api, services):
    every = (await api.http.get("/api/prices/")).json()["results"]
    assert len(every) > 900
    two = (await api.http.get("/api/prices/?symbols=BTCUSDT,ETHUSDT&market_type=FUTURES")).json()["results"]
    assert [each["symbol"] for each in two] == ["BTCUSDT", "ETHUSDT"]
    assert two[0]["last"] == str((await services.prices.one(Market.FUTURES, "BTCUSDT")).last)
    assert 0 <= two[0]["age_seconds"] < 30
