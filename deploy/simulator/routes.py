"""The public paths of both markets, with their weights."""

from collections.abc import Callable

from deploy.simulator import funding, info, klines, tickers, trades
from deploy.simulator.parameters import Parameters
from deploy.simulator.request import Handler, Request, Route, Weight
from services.domain.market import Market


def ping(request: Request) -> bytes:
    """Nothing."""
    return b"{}"


def time(request: Request) -> bytes:
    """Exchange time."""
    return b'{"serverTime":%d}' % request.stamp(request.now)


def _by_symbol(one: int, every: int) -> Callable[[Parameters], int]:
    return lambda query: one if "symbol" in query else every


_SPOT: dict[str, tuple[Handler, Weight]] = {
    "ping": (ping, 1),
    "time": (time, 1),
    "exchangeInfo": (info.spot_info, 20),
    "klines": (klines.klines, 2),
    "uiKlines": (klines.klines, 2),
    "aggTrades": (trades.aggregate_trades, 4),
    "trades": (trades.trades, 25),
    "depth": (trades.depth, trades.spot_depth_weight),
    "avgPrice": (trades.average_price, 2),
    "ticker": (tickers.rolling, tickers.rolling_weight),
    "ticker/price": (tickers.price, tickers.spot_weight),
    "ticker/bookTicker": (tickers.book, tickers.spot_weight),
    "ticker/24hr": (tickers.day, tickers.spot_day_weight),
    "ticker/tradingDay": (tickers.trading_day, tickers.rolling_weight),
}
_FUTURES: dict[str, tuple[Handler, Weight]] = {
    "v1/ping": (ping, 1),
    "v1/time": (time, 1),
    "v1/exchangeInfo": (info.futures_info, 1),
    "v1/klines": (klines.klines, klines.futures_weight),
    "v1/continuousKlines": (klines.continuous_klines, klines.futures_weight),
    "v1/markPriceKlines": (klines.mark_price_klines, klines.futures_weight),
    "v1/indexPriceKlines": (klines.index_price_klines, klines.futures_weight),
    "v1/premiumIndexKlines": (klines.premium_index_klines, klines.futures_weight),
    "v1/aggTrades": (trades.aggregate_trades, 20),
    "v1/trades": (trades.trades, 5),
    "v1/depth": (trades.depth, trades.futures_depth_weight),
    "v1/ticker/price": (tickers.price, _by_symbol(1, 2)),
    "v1/ticker/24hr": (tickers.day, _by_symbol(1, 40)),
    "v1/premiumIndex": (funding.premium_index, _by_symbol(1, 10)),
}

ROUTES = {
    **{f"/api/v3/{name}": Route(Market.SPOT, *route) for name, route in _SPOT.items()},
    **{f"/fapi/{name}": Route(Market.FUTURES, *route) for name, route in _FUTURES.items()},
    "/dapi/v1/exchangeInfo": Route(Market.FUTURES, info.coin_info, 1),
    # The used-weight header of these two is known to be wrong: it tells the call's own weight only.
    "/fapi/v1/ticker/bookTicker": Route(Market.FUTURES, tickers.book, _by_symbol(2, 5), header="own"),
    "/fapi/v2/ticker/price": Route(Market.FUTURES, tickers.price, _by_symbol(1, 2), header="own"),
    "/fapi/v1/fundingRate": Route(Market.FUTURES, funding.funding_rate, 1, pool="funding", header="none"),
    "/fapi/v1/fundingInfo": Route(Market.FUTURES, funding.funding_info, 1, pool="funding", header="none"),
}
