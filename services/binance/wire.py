"""Binance's answers as they come, with the vendor's names, and one reused decoder for each."""

from decimal import Decimal

import msgspec


class Kline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One candle; both markets, all kinds. Times in ms."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_time: int


class AggTrade(msgspec.Struct, frozen=True, gc=False):
    """One aggregate trade: id, price, time in ms."""

    a: int
    p: Decimal
    T: int


class Price(msgspec.Struct, frozen=True, gc=False):
    """Last price of a symbol."""

    symbol: str
    price: Decimal


class Book(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask of a symbol; zero where nothing trades."""

    symbol: str
    bidPrice: Decimal  # noqa: N815 - the vendor's name
    askPrice: Decimal  # noqa: N815 - the vendor's name


class ServerTime(msgspec.Struct, frozen=True):
    """The exchange's clock in ms."""

    serverTime: int  # noqa: N815 - the vendor's name


class Symbol(msgspec.Struct, frozen=True):
    """A listed symbol of either market. Filters have no fixed shape: looked up by filterType."""

    symbol: str
    status: str
    baseAsset: str  # noqa: N815 - the vendor's name
    quoteAsset: str  # noqa: N815 - the vendor's name
    filters: list[dict[str, object]]
    isSpotTradingAllowed: bool | None = None  # noqa: N815 - the vendor's name
    contractType: str | None = None  # noqa: N815 - the vendor's name


class ExchangeInfo(msgspec.Struct, frozen=True):
    """Everything a market lists."""

    symbols: list[Symbol]


class Problem(msgspec.Struct, frozen=True):
    """The body of an error."""

    code: int = 0
    msg: str = ""


KLINES = msgspec.json.Decoder(list[Kline])
AGG_TRADES = msgspec.json.Decoder(list[AggTrade])
PRICES = msgspec.json.Decoder(list[Price])
BOOKS = msgspec.json.Decoder(list[Book])
SERVER_TIME = msgspec.json.Decoder(ServerTime)
EXCHANGE_INFO = msgspec.json.Decoder(ExchangeInfo)
PROBLEM = msgspec.json.Decoder(Problem)
