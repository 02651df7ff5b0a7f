"""From wire to domain: whatever is sent, a bar or quote is sound or refused."""

import contextlib
import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.binance import convert, wire
from services.domain.errors import InvalidData
from services.domain.market import Market
from services.domain.path import MINUTE

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
START_MS = 1_782_907_200_000
RECORDED = Path(__file__).parents[2].parent / "shared" / "data"
FUTURES_PERPETUALS = 530

HOSTILE = [
    *("NaN", "sNaN", "-NaN", "nan123", "Infinity", "-Infinity", "inf", "0", "0.00000000", "-0", "-1", "-0.01"),
    *(
        "1e308",
        "1e999999",
        "1e99999999999999999999",
        "1e-400",
        "9" * 19,
        "",
        " ",
        "abc",
        "1,5",
        "1.2.3",
        "0x10",
        "None",
        "\u0661",
        "\u0661e\u0669",
        "1_0",
        " 9",
    ),
]
hostile = st.sampled_from(HOSTILE) | st.text(max_size=8).filter(lambda text: not text.strip().isdecimal())
sound = st.decimals("0.00000001", "100000", places=8).map(str)


def kline(minute: int = 0, open_="10", high="12", low="9", close="11", **changes) -> wire.Kline:
    opened = START_MS + minute * 60_000
    row = wire.Kline(opened, open_, high, low, close, "1", opened + 59_999, "10", 3)
    return msgspec.structs.replace(row, **changes)


def bars(*rows: wire.Kline):
    return convert.bars(rows, MINUTE, START, START + 5 * MINUTE)


def recorded(name: str) -> bytes:
    path = RECORDED / "prod" / name
    if not path.exists():
        pytest.skip(f"the recorded answers of production ({path.name}) are not beside this repository")
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_a_kline_becomes_a_bar():
    (bar,) = bars(kline(2, "10.50", "12", "9", "11"))
    assert (bar.open_time, bar.close_time) == (
        START + 2 * MINUTE,
        START + 3 * MINUTE - timedelta(milliseconds=1),
    )
    assert (bar.open, bar.high, bar.low, bar.close) == (Decimal("10.50"), Decimal(12), Decimal(9), Decimal(11))


def test_gaps_are_no_fault():
    assert len(bars(kline(0), kline(3))) == 2
    assert bars() == []


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["open", "high", "low", "close"])
def test_an_impossible_price_refuses_the_path(field, text):
    with pytest.raises(InvalidData):
        bars(kline(0), kline(1, **{field: text}), kline(2))


@pytest.mark.parametrize(
    "rows",
    [
        [kline(1), kline(1)],
        [kline(2), kline(1)],
        [kline(5)],
        [kline(-1)],
        [kline(0, openTime=START_MS + 1)],
        [kline(0, closeTime=START_MS + 60_000)],
        [kline(0, openTime=10**18)],
        [kline(0, closeTime=-(10**18) * 60)],
        [kline(0, high="8")],
        [kline(0, low="11.5")],
    ],
    ids=["twice", "descending", "after", "before", "unaligned", "overlong", "far", "far close", "high", "low"],
)
def test_what_is_out_of_place_or_contradicts_itself_is_refused(rows):
    with pytest.raises(InvalidData):
        bars(*rows)


@given(st.tuples(*[sound | hostile] * 4), st.integers(), st.integers())
def test_bars_are_sound_or_refused(prices, opened, closed):
    try:
        found = bars(wire.Kline(opened, *prices, "1", closed, "1", 1))
    except InvalidData:
        return
    for bar in found:
        assert START <= bar.open_time < START + 5 * MINUTE
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high <= convert.PRICE_MAX


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-5, 70_000), sound | hostile), max_size=6))
def test_prints_are_ascending_and_inside_or_refused(rows):
    trades = [wire.AggregateTrade(number, price, START_MS + ms) for number, ms, price in rows]
    try:
        found = convert.prints(trades, START, START + MINUTE)
    except InvalidData:
        return
    times = [bar.open_time for bar in found]
    assert times == sorted(times)
    assert all(START <= time < START + MINUTE for time in times)
    assert all(bar.low > 0 for bar in found)


@given(st.lists(st.tuples(st.sampled_from(["AUSDT", "BUSDT", "ABTC"]), sound | hostile, sound | hostile), max_size=8))
def test_quotes_are_sound_or_left_out(rows):
    book = [wire.BookTicker(symbol, bid, ask) for symbol, bid, ask in rows]
    last = [wire.PriceTicker(symbol, bid) for symbol, bid, _ in rows]
    quotes = convert.quotes(last, book, START)
    for symbol, quote in quotes.items():
        assert symbol in ("AUSDT", "BUSDT")
        assert 0 < quote.bid <= quote.ask
        assert quote.last > 0
        assert quote.ask.is_finite()


def test_one_bad_row_costs_no_other_its_quote():
    last = [wire.PriceTicker("AUSDT", "NaN"), wire.PriceTicker("BUSDT", "5"), wire.PriceTicker("CUSDT", "5")]
    book = [wire.BookTicker(name, "4.9", "5.1") for name in ("AUSDT", "BUSDT", "DUSDT")]
    assert convert.quotes(last, book, START).keys() == {"BUSDT"}


BODIES = st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
).map(lambda value: json.dumps(value).encode())
DECODERS = [
    *(wire.KLINES, wire.AGGREGATE_TRADES, wire.PRICES, wire.BOOK),
    *(wire.EXCHANGE_INFO, wire.SERVER_TIME, wire.PROBLEM),
]


@given(BODIES)
def test_decoders_refuse_garbage_and_raise_nothing_else(body):
    for decoder in DECODERS:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            decoder.decode(body)


def info(*symbols: dict) -> wire.ExchangeInfo:
    return wire.EXCHANGE_INFO.decode(json.dumps({"symbols": symbols}))


def symbol(**changes) -> dict:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "9", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00100000", "maxQty": "9", "stepSize": "10.00000000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ]
    row = {"symbol": "XUSDT", "status": "TRADING", "baseAsset": "X", "quoteAsset": "USDT", "filters": filters}
    return row | {"isSpotTradingAllowed": True} | changes


def test_a_grid_is_read_and_written_plainly():
    (listing,) = convert.listings(Market.SPOT, info(symbol()))
    grid = [str(getattr(listing.filters, name)) for name in ("tick_size", "step_size", "min_quantity", "min_notional")]
    assert grid == ["0.01", "10", "0.001", "5"]


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [
        ([{"filterType": "MIN_NOTIONAL", "minNotional": "10"}], "10"),
        ([{"filterType": "MIN_NOTIONAL", "notional": "50"}], "50"),
        ([{"filterType": "NOTIONAL", "minNotional": "5"}], "5"),
        ([], "0"),
    ],
)
def test_the_least_notional_is_found_in_every_spelling(minimum, expected):
    filters = symbol()["filters"][:2] + minimum
    (listing,) = convert.listings(Market.SPOT, info(symbol(filters=filters)))
    assert str(listing.filters.min_notional) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "BREAK"},
        {"quoteAsset": "BTC"},
        {"isSpotTradingAllowed": False},
        {"filters": []},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}, *symbol()["filters"][1:]]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "-1"}, *symbol()["filters"][1:]]},
    ],
)
def test_what_cannot_be_traded_here_is_left_out_alone(changes):
    found = convert.listings(Market.SPOT, info(symbol(symbol="BADUSDT", **changes), symbol()))
    assert [listing.symbol for listing in found] == ["XUSDT"]


@pytest.mark.parametrize(
    ("kind", "followed"), [("PERPETUAL", 1), ("TRADIFI_PERPETUAL", 0), ("CURRENT_QUARTER", 0), ("", 0)]
)
def test_of_futures_only_perpetuals_are_followed(kind, followed):
    assert len(convert.listings(Market.FUTURES, info(symbol(contractType=kind)))) == followed


def test_recorded_futures_listing():
    listings = convert.listings(
        Market.FUTURES, wire.EXCHANGE_INFO.decode(recorded("fapi_exchangeInfo_20260708T0000Z.json.gz"))
    )
    assert len(listings) == FUTURES_PERPETUALS
    bitcoin = next(each for each in listings if each.symbol == "BTCUSDT")
    assert (str(bitcoin.filters.tick_size), str(bitcoin.filters.min_notional)) == ("0.1", "50")


def test_recorded_spot_listing():
    body = recorded("spot_exchangeInfo_BTC_ETH_XVG_20260703.json")
    listings = convert.listings(Market.SPOT, wire.EXCHANGE_INFO.decode(body))
    assert "BTCUSDT" in [listing.symbol for listing in listings]
    assert all(listing.filters.tick_size > 0 and listing.filters.min_notional > 0 for listing in listings)


def test_recorded_quotes_of_spot():
    last = wire.PRICES.decode(recorded("spot_ticker_price_full_20260705T2328Z.json.gz"))
    book = wire.BOOK.decode(recorded("spot_bookTicker_full_20260715T0651Z.json.gz"))
    quotes = convert.quotes(last, book, START)
    zeros = {row.symbol for row in book if Decimal(row.bidPrice) == 0}
    assert len(zeros) > 2000
    assert not zeros & quotes.keys()
    assert 400 < len(quotes) < 500


def test_recorded_quotes_of_futures():
    book = wire.BOOK.decode(recorded("fapi_bookTicker_full_20260715T0651Z.json.gz"))
    last = wire.PRICES.decode(recorded("fapi_ticker_price_full_20250629.json"))
    assert len(convert.quotes(last, book, START)) > 300


def test_recorded_errors():
    answers = json.loads(recorded("spot_exchangeInfo_invalid_symbol_errors_20260708.json"))["queries"]
    problems = [wire.PROBLEM.decode(json.dumps(answer["response"])) for answer in answers]
    assert {problem.code for problem in problems} == {-1121}
