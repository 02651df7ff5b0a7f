# ruff: noqa: N815 - field names are the exchange's own
"""What the exchange sends, by its own field names, and the decoders that check it. Numbers stay text here."""

import msgspec


class Kline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A kline; what follows the trade count is not read."""

    openTime: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    closeTime: int
    quoteVolume: str
    trades: int


class AggregateTrade(msgspec.Struct, frozen=True, gc=False):
    """Fills of one taker order at one price."""

    a: int
    p: str
    T: int


class PriceTicker(msgspec.Struct, frozen=True, gc=False):
    """The last price of a symbol."""

    symbol: str
    price: str


class BookTicker(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask of a symbol; all zero where nothing trades."""

    symbol: str
    bidPrice: str
    askPrice: str


class Filter(msgspec.Struct, frozen=True):
    """A rule of a symbol, told apart by filterType; only that type's fields are there."""

    filterType: str
    tickSize: str | None = None
    stepSize: str | None = None
    minQty: str | None = None
    minNotional: str | None = None
    notional: str | None = None


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol of exchangeInfo: spot rows have isSpotTradingAllowed, futures rows contractType."""

    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str
    filters: list[Filter]
    isSpotTradingAllowed: bool = False
    contractType: str = ""
    deliveryDate: int = 0


class ExchangeInfo(msgspec.Struct, frozen=True):
    """The symbols of a market."""

    symbols: list[Symbol]


class FundingRate(msgspec.Struct, frozen=True, gc=False):
    """A settled funding rate; the mark price is missing in old rows."""

    symbol: str
    fundingTime: int
    fundingRate: str
    markPrice: str = ""


class PremiumIndex(msgspec.Struct, frozen=True, gc=False):
    """The mark price of a contract, and when its funding is settled next; 0 where never."""

    symbol: str
    markPrice: str
    nextFundingTime: int


class ServerTime(msgspec.Struct, frozen=True):
    """Exchange time, epoch ms."""

    serverTime: int


class Problem(msgspec.Struct, frozen=True):
    """The body of a refused request."""

    code: int = 0
    msg: str = ""


KLINES = msgspec.json.Decoder(list[Kline])
AGGREGATE_TRADES = msgspec.json.Decoder(list[AggregateTrade])
PRICES = msgspec.json.Decoder(list[PriceTicker])
BOOK = msgspec.json.Decoder(list[BookTicker])
EXCHANGE_INFO = msgspec.json.Decoder(ExchangeInfo)
FUNDING_RATES = msgspec.json.Decoder(list[FundingRate])
PREMIUM_INDEX = msgspec.json.Decoder(list[PremiumIndex])
SERVER_TIME = msgspec.json.Decoder(ServerTime)
PROBLEM = msgspec.json.Decoder(Problem)
