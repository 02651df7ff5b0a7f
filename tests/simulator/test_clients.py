"""Public clients take the simulator for the exchange: only their addresses are changed."""

import asyncio
import warnings
from contextlib import closing

import ccxt
import pytest

from tests.simulator_process import start_simulator

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports a retired name of websockets
    from binance.client import Client
    from binance.exceptions import BinanceAPIException


def ccxt_client(kind: type, base: str):
    spot = {"public": f"{base}/api/v3", "v1": f"{base}/api/v1", "dapiPublic": f"{base}/dapi/v1"}
    futures = {f"fapiPublic{name}": f"{base}/fapi/{name.lower() or 'v1'}" for name in ("", "V2", "V3")}
    return kind({"urls": {"api": {**spot, **futures}}})


def use_spot(base: str) -> None:
    client = ccxt_client(ccxt.binance, base)
    markets = client.load_markets()
    live = [m for m in markets.values() if m["spot"] and m["active"] and m["quote"] == "USDT"]
    assert len(live) == 436
    assert markets["BTC/USDT"]["precision"]["price"] == 0.01
    tickers = client.fetch_tickers()
    assert tickers["ETH/USDT"]["bid"] <= tickers["ETH/USDT"]["last"] <= tickers["ETH/USDT"]["ask"]
    assert client.fetch_ticker("BTC/USDT")["quoteVolume"] > 0
    for interval in ("1s", "1m", "1h", "1M"):
        candles = client.fetch_ohlcv("币安人生/USDT", interval, limit=7)
        assert len(candles) == 7
        assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in candles)
    assert client.fetch_bids_asks(["BTC/USDT"])["BTC/USDT"]["bid"] > 0
    assert client.fetch_last_prices()["BTC/USDT"]["price"] > 0
    assert len(client.fetch_trades("BTC/USDT", limit=10)) == 10
    assert client.fetch_order_book("BTC/USDT", limit=5)["bids"][0][0] > 0
    assert abs(client.fetch_time() - client.milliseconds()) < 2000
    with pytest.raises(ccxt.BadSymbol):
        client.public_get_klines({"symbol": "NOPE", "interval": "1m"})


def use_futures(base: str) -> None:
    client = ccxt_client(ccxt.binanceusdm, base)
    markets = client.load_markets()
    live = [m for m in markets.values() if m["linear"] and m["swap"] and m["active"] and m["settle"] == "USDT"]
    assert len([m for m in live if m["info"]["contractType"] == "PERPETUAL"]) == 530
    assert client.fetch_tickers()["BTC/USDT:USDT"]["last"] > 0
    assert client.fetch_bids_asks()["BTC/USDT:USDT"]["timestamp"] > 0
    candles = client.fetch_ohlcv("1000PEPE/USDT:USDT", "1m", limit=1000)
    assert len(candles) == 1000
    marks = client.fetch_ohlcv("BTC/USDT:USDT", "1m", limit=3, params={"price": "mark"})
    assert len(marks) == 3
    assert client.fetch_mark_prices()["BTC/USDT:USDT"]["markPrice"] > 0
    assert client.fetch_funding_rates()["BTC/USDT:USDT"]["fundingRate"] is not None
    assert client.fetch_funding_intervals()["BTC/USDT:USDT"]["interval"] == "8h"
    assert len(client.fetch_funding_rate_history("BTC/USDT:USDT", limit=9)) == 9
    assert len(client.fetch_trades("BTC/USDT:USDT", limit=10)) == 10


def use_python_binance(base: str) -> None:
    class Local(Client):
        API_URL = f"{base}/api"
        FUTURES_URL = f"{base}/fapi"

    client = Local()
    with closing(client.session):
        assert len(client.get_exchange_info()["symbols"]) > 436
        assert len(client.get_all_tickers()) > 436
        assert client.get_orderbook_ticker(symbol="BTCUSDT")["bidPrice"]
        assert len(client.get_klines(symbol="BTCUSDT", interval="1m", limit=3)) == 3
        assert len(client.get_historical_klines("ETHUSDT", "5m", "2 hours ago UTC")) in (24, 25)
        assert len(client.get_aggregate_trades(symbol="BTCUSDT", limit=4)) == 4
        assert len(client.futures_exchange_info()["symbols"]) > 530
        assert client.futures_symbol_ticker(symbol="BTCUSDT")["time"]
        assert len(client.futures_klines(symbol="BTCUSDT", interval="1h", limit=3)) == 3
        assert len(client.futures_mark_price()) > 530
        assert client.futures_funding_rate(symbol="BTCUSDT", limit=2)
        with pytest.raises(BinanceAPIException) as refused:
            client.get_klines(symbol="NOPE", interval="1m")
        assert refused.value.code == -1121


@pytest.mark.parametrize("use", [use_spot, use_futures, use_python_binance])
async def test_public_clients_work_unchanged(use):
    async with start_simulator() as simulator:
        await asyncio.to_thread(use, simulator.spot_url)


async def test_ccxt_sees_a_ban_as_one(simulator):
    await simulator.add_fault("418", retry_after=30)
    client = ccxt_client(ccxt.binance, simulator.spot_url)
    with pytest.raises(ccxt.DDoSProtection):
        await asyncio.to_thread(client.public_get_ticker_price)
