"""Tickers as charts, bots and exchanges spell them, as instruments of ours."""

import re

from services.domain.errors import InvalidInput
from services.domain.market import Market

LENGTH_MAX = 60
_SETTLED = re.compile(r"(?P<base>[^\W_]+)/USDT:USDT")
_EXCHANGE = re.compile(r"[A-Z0-9_ ]{2,20}:")
_PERPETUAL = re.compile(r"[.\-_]P$|[.\-_ ]?PERP$|[.\-_]SWAP$")
_PAIR = re.compile(r"(?P<base>[^\W_]+)[/\-_ ](?P<quote>[A-Z]+)")
_REVERSED = re.compile(r"USDT_(?P<base>[^\W_]+)")
_JOINED = re.compile(r"(?P<base>[^\W_]+?)(?P<quote>USDT)")
_BARE = re.compile(r"[^\W_]{1,15}")
_OTHER_QUOTE = re.compile(r".*(USD|USDC|EUR|GBP|TRY|JPY|BRL)|.+(BTC|ETH|BNB)")

_MARKETS = {
    "spot": Market.SPOT,
    "futures": Market.FUTURES,
    "future": Market.FUTURES,
    "perp": Market.FUTURES,
    "perpetual": Market.FUTURES,
    "swap": Market.FUTURES,
    "linear": Market.FUTURES,
    "usdm": Market.FUTURES,
    "usdt-m": Market.FUTURES,
}


def read_ticker(text: str) -> tuple[Market | None, str]:
    """The market, where the ticker tells it, and the symbol.

    An exchange's prefix is dropped (BINANCE:BTCUSDT.P). Perpetuals are told by .P, PERP, -SWAP or a settlement currency
    (BTC/USDT:USDT). BTC/USDT, BTC-USDT, BTC_USDT, USDT_BTC and plain BTC are BTCUSDT. Raises InvalidInput for
    anything that is no pair quoted in USDT.
    """
    ticker = text.strip().upper()
    if not 0 < len(ticker) <= LENGTH_MAX or not ticker.isprintable():
        raise InvalidInput("bad_symbol", f"a ticker has 1 to {LENGTH_MAX} printable characters", field="symbol")
    settled = _SETTLED.fullmatch(ticker)
    if settled:
        return Market.FUTURES, f"{settled['base']}USDT"
    ticker = _EXCHANGE.sub("", ticker, count=1) if _EXCHANGE.match(ticker) else ticker
    plain = _PERPETUAL.sub("", ticker)
    market = None if plain == ticker else Market.FUTURES
    return market, f"{_base(plain, text)}USDT"


def read_market(text: str) -> Market:
    """The market that a word names. Raises InvalidInput."""
    market = _MARKETS.get(text.strip().lower())
    if market is None:
        raise InvalidInput("unknown_market", f"market must be spot or futures, got {text[:40]!r}", field="market_type")
    return market


def _base(plain: str, text: str) -> str:
    for shape in (_REVERSED, _PAIR, _JOINED):
        match = shape.fullmatch(plain)
        if match and match.groupdict().get("quote", "USDT") == "USDT":
            return match["base"]
    if _BARE.fullmatch(plain) and not _OTHER_QUOTE.fullmatch(plain):
        return plain
    raise InvalidInput("not_a_usdt_pair", f"{text[:LENGTH_MAX]!r} is no pair quoted in USDT", field="symbol")
