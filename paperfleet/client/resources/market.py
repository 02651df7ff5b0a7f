"""`client.market`: pairs, prices, candles."""

from collections.abc import Sequence
from datetime import date, datetime

from paperfleet.client.answers.market import Chart, DayCourse, Instrument, Price
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, reading
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import Market, Timeframe

_instruments = reading(Page[Instrument])
_prices = reading(Page[Price])
_chart = reading(Chart)
_day = reading(Page[DayCourse])


class Markets(Resource[M]):
    """The exchange as the fleet sees it."""

    @listing
    def instruments(
        self, *, market_type: Market | None = None, search: str | None = None, limit: int = PAGE_LIMIT
    ) -> Call[Page[Instrument]]:
        """Every pair with its grid."""
        query = {"market_type": market_type, "search": search, "limit": limit}
        return Call("GET", "/api/instruments/", _instruments, query=query)

    @listing
    def prices(self, *, market_type: Market | None = None, symbols: Sequence[str] = ()) -> Call[Page[Price]]:
        """The last quotes, with their age."""
        query = {"market_type": market_type, "symbols": ",".join(symbols) or None}
        return Call("GET", "/api/prices/", _prices, query=query)

    @operation
    def candles(
        self,
        market_type: Market,
        symbol: str,
        interval: Timeframe = "1h",
        *,
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        limit: int = 300,
    ) -> Call[Chart]:
        """Ascending: the first ones from `since` on, else the last ones before `until` or now; up to 1000."""
        query = {
            "market_type": market_type,
            "symbol": symbol,
            "interval": interval,
            "from": since,
            "to": until,
            "limit": limit,
        }
        return Call("GET", "/api/candles/", _chart, query=query)

    @listing
    def day(self) -> Call[Page[DayCourse]]:
        """The last day of every pair, hour by hour; at most a minute old."""
        return Call("GET", "/api/prices/day/", _day)
