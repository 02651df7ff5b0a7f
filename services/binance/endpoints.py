"""The public paths this system may ask, with their weights and the largest body that is believed."""

import msgspec

from services.domain.market import Market

KILOBYTE = 1024
MEGABYTE = 1024 * KILOBYTE


class Endpoint(msgspec.Struct, frozen=True):
    """A public GET path. `counted`: whether its weight header tells the truth (futures tickers' does not)."""

    market: Market
    path: str
    body_max: int
    counted: bool = True


TIME = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/time", KILOBYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v1/time", KILOBYTE),
}
EXCHANGE_INFO = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/exchangeInfo", 32 * MEGABYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v1/exchangeInfo", 32 * MEGABYTE),
}
PRICES = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/ticker/price", 4 * MEGABYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v2/ticker/price", 4 * MEGABYTE, counted=False),
}
BOOK = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/ticker/bookTicker", 4 * MEGABYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v1/ticker/bookTicker", 4 * MEGABYTE, counted=False),
}
KLINES = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/klines", MEGABYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v1/klines", MEGABYTE),
}
AGGREGATE_TRADES = {
    Market.SPOT: Endpoint(Market.SPOT, "/api/v3/aggTrades", MEGABYTE),
    Market.FUTURES: Endpoint(Market.FUTURES, "/fapi/v1/aggTrades", MEGABYTE),
}
MARK_KLINES = Endpoint(Market.FUTURES, "/fapi/v1/markPriceKlines", MEGABYTE)
PREMIUM_INDEX = Endpoint(Market.FUTURES, "/fapi/v1/premiumIndex", 4 * MEGABYTE)
FUNDING_RATE = Endpoint(Market.FUTURES, "/fapi/v1/fundingRate", MEGABYTE, counted=False)
ENDPOINTS = [
    *(
        endpoint
        for by_market in (TIME, EXCHANGE_INFO, PRICES, BOOK, KLINES, AGGREGATE_TRADES)
        for endpoint in by_market.values()
    ),
    *(MARK_KLINES, PREMIUM_INDEX, FUNDING_RATE),
]

PARAMETERS = frozenset(
    {"symbol", "interval", "startTime", "endTime", "limit", "fromId", "symbolStatus", "showPermissionSets"}
)
"""Every query parameter the public paths are asked with; a signature is not among them."""

TIME_WEIGHT = 1
EXCHANGE_INFO_WEIGHT = {Market.SPOT: 20, Market.FUTURES: 1}
PRICES_WEIGHT = {Market.SPOT: 4, Market.FUTURES: 2}
BOOK_WEIGHT = {Market.SPOT: 4, Market.FUTURES: 5}
AGGREGATE_TRADES_WEIGHT = {Market.SPOT: 4, Market.FUTURES: 20}
AGGREGATE_TRADES_MAX = 1000
PREMIUM_INDEX_WEIGHT = 10
FUNDING_RATE_WEIGHT = 1
"""It has a limit of its own, 500 requests in 5 minutes, and no weight: ours only keeps it from being free."""
FUNDING_RATE_MAX = 1000

# The page sizes that cost least a bar: spot charges the same for any, futures by steps of the limit asked for.
_KLINE_PAGES = {Market.SPOT: ((1000, 2),), Market.FUTURES: ((99, 1), (499, 2))}


def kline_page(market: Market, bars: int) -> tuple[int, int]:
    """(limit, weight) of the cheapest request for the first of `bars` klines, all of them if one page holds them."""
    for largest, weight in _KLINE_PAGES[market]:
        if bars <= largest:
            return max(bars, 1), weight
    return _KLINE_PAGES[market][-1]
