"""Answers of the exchange with any part spoiled: refused as a whole, or every price in them is a price."""

import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.binance import convert, wire
from services.binance.requests import (
    BAN_SECONDS_MAX,
    BAN_SECONDS_MIN,
    TOO_MANY_REQUESTS,
    _pause_seconds,
    _problem,
    _told_at,
    used_weight,
)
from services.domain.candles import Timeframe
from services.domain.errors import InvalidData
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.domain.path import MINUTE
from tests.fuzz.hostile import BOMBS, spoiled

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
MS = round(START.timestamp() * 1000)
KLINES = [
    [MS + n * 60_000, "100.0", "101.5", "99.5", "100.5", "12.5", MS + n * 60_000 + 59_999, "1250.0", 7, "6", "600", "0"]
    for n in range(3)
]
TRADES = [{"a": n, "p": "100.5", "q": "1", "f": n, "l": n, "T": MS + n * 900, "m": True} for n in range(4)]
PRICES = [{"symbol": name, "price": "100.5"} for name in ("BTCUSDT", "ETHUSDT")]
BOOK = [
    {"symbol": each["symbol"], "bidPrice": "100.4", "bidQty": "1", "askPrice": "100.6", "askQty": "1"}
    for each in PRICES
]
FUNDING = [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": MS + 3, "markPrice": "100.5"}]
SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "contractType": "PERPETUAL",
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"},
        {"filterType": "NOTIONAL", "minNotional": "5"},
    ],
}
REFUSALS = (*MALFORMED, InvalidData)
"""What services/binance/requests.py turns into a refused answer, and what conversion refuses."""
PREMIUM = [{"symbol": "BTCUSDT", "markPrice": "100.5", "nextFundingTime": MS + 3}]
PROBLEM = {"code": -1003, "msg": f"Way too many requests; IP banned until {MS}."}


def body(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def sound(*prices) -> bool:
    return all(price.is_finite() and price > 0 for price in prices)


@given(spoiled(KLINES))
def test_klines(value):
    try:
        rows = wire.KLINES.decode(body(value))
        bars = convert.bars(rows, MINUTE, START, START + 3 * MINUTE)
        convert.candles(
            rows, Timeframe.M1 if hasattr(Timeframe, "M1") else next(iter(Timeframe)), START, START + MINUTE
        )
    except REFUSALS:
        return
    for bar in bars:
        assert sound(bar.open, bar.high, bar.low, bar.close)
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert START <= bar.open_time < START + 3 * MINUTE


@given(spoiled(TRADES))
def test_trades(value):
    try:
        prints = convert.prints(wire.AGGREGATE_TRADES.decode(body(value)), START, START + MINUTE)
    except REFUSALS:
        return
    assert all(sound(each.open) for each in prints)
    assert [each.open_time for each in prints] == sorted(each.open_time for each in prints)


@given(spoiled(PRICES), spoiled(BOOK))
def test_quotes(prices, book):
    try:
        quotes = convert.quotes(wire.PRICES.decode(body(prices)), wire.BOOK.decode(body(book)), START)
    except REFUSALS:
        return
    for quote in quotes.values():
        assert sound(quote.bid, quote.ask, quote.last)
        assert quote.bid <= quote.ask


@given(spoiled({"symbols": [SYMBOL]}))
def test_listings(value):
    for market in Market:
        try:
            info = wire.EXCHANGE_INFO.decode(body(value))
            listings = convert.listings(market, info)
            convert.halts(market, info)
        except REFUSALS:
            continue
        for listing in listings:
            filters = msgspec.structs.astuple(listing.filters)
            assert all(each.is_finite() and each >= 0 for each in filters)


@given(spoiled(FUNDING))
def test_funding(value):
    try:
        settled = convert.settlements(wire.FUNDING_RATES.decode(body(value)))
    except REFUSALS:
        return
    assert all(each.amount.is_finite() for several in settled.values() for each in several)


@given(spoiled(PREMIUM))
def test_times_of_funding(value):
    try:
        following = convert.next_funding(wire.PREMIUM_INDEX.decode(body(value)))
    except REFUSALS:
        return
    assert all(isinstance(symbol, str) and (at is None or at.tzinfo is UTC) for symbol, at in following.items())


@given(spoiled({"serverTime": MS}))
def test_the_clock(value):
    try:
        assert convert.from_ms(wire.SERVER_TIME.decode(body(value)).serverTime).tzinfo is UTC
    except REFUSALS:
        return


@given(st.one_of(spoiled(PROBLEM).map(body), st.binary(max_size=80), st.sampled_from(BOMBS)))
def test_a_refusal_in_the_exchanges_words(answer):
    """What is no refusal of the exchange's (a firewall's page) is told by its status alone."""
    problem = _problem(answer)
    assert type(problem.code) is int
    assert type(problem.msg) is str


_HEADERS = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
    st.integers().map(str),
    st.integers(1, 5000).map(lambda digits: "9" * digits),
    st.datetimes().map(lambda at: format_datetime(at.replace(tzinfo=UTC))),
    st.tuples(st.integers(0, 10**20), st.integers(0, 10**20)).map("Mon, {0[0]} Jan {0[1]} 00:00:00 GMT".format),
    st.integers().map("Mon, 01 Jan 2026 00:00:00 {:+05d}".format),
)


@given(
    st.sampled_from([418, 429, 200, 503]),
    st.dictionaries(st.sampled_from(["retry-after", "date"]), _HEADERS),
    st.one_of(st.text(max_size=30), st.integers(0, 10**14).map("banned until {}".format)),
)
def test_how_long_the_exchange_asks_to_wait(status, headers, message):
    """Never a moment that has passed, and three days at most."""
    told = httpx.Response(status, headers=headers)
    seconds = _pause_seconds(told, wire.Problem(TOO_MANY_REQUESTS, message))
    assert seconds is None or 1 <= seconds <= BAN_SECONDS_MAX
    asked = headers.get("retry-after", "")
    if asked.isdecimal():
        assert seconds == min(max(int(asked[:20]), 1), BAN_SECONDS_MAX)
    elif status == 418:
        assert seconds is not None
        assert seconds >= BAN_SECONDS_MIN


@given(_HEADERS)
def test_when_the_exchange_answered(date):
    """By its own word, or by this machine's clock where that is none."""
    assert math.isfinite(_told_at(httpx.Response(418, headers={"date": date})))


@given(_HEADERS)
def test_the_weight_that_the_exchange_counts(header):
    counted = used_weight(httpx.Response(200, headers={"x-mbx-used-weight-1m": header}))
    assert counted is None or (0 <= counted < 10**9 and int(header) == counted)


@given(st.binary(max_size=80))
def test_noise(noise):
    decoders = (wire.KLINES, wire.AGGREGATE_TRADES, wire.PRICES, wire.BOOK, wire.EXCHANGE_INFO, wire.FUNDING_RATES)
    for decoder in (*decoders, wire.PREMIUM_INDEX, wire.SERVER_TIME, wire.PROBLEM):
        try:
            decoder.decode(noise)
        except REFUSALS:
            continue


@given(st.integers())
def test_times(ms):
    try:
        assert convert.from_ms(ms) - START < timedelta(days=10**7)
    except InvalidData:
        return
