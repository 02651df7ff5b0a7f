"""Live prices for stream clients: read once a second at most for all of them, only what is asked for, no history."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from services.domain.errors import Unavailable
from services.domain.market import Market, Quote
from services.usecases.context import Services
from services.usecases.list_prices import price

Pair = tuple[Market, str]


class PriceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `event: price`."""

    type: str = "price"
    action: str = "updated"
    price: object


class _Entry(NamedTuple):
    version: int
    quote: Quote
    frame: bytes


class PriceBoard:
    """The newest frame of each pair that some client follows. `version` grows with each change."""

    def __init__(self, services: Services) -> None:
        self.version = 0
        self._services = services
        self._entries: dict[Pair, _Entry] = {}

    async def refresh(self, pairs: frozenset[Pair]) -> bool:
        """Bring the board to these pairs' present quotes; whether any has changed. Raises nothing Redis does."""
        quotes: dict[Pair, Quote] = {}
        for market in Market:
            try:
                found = await self._services.prices.many(market, [name for place, name in pairs if place is market])
            except Unavailable:
                return False
            quotes |= {(market, symbol): quote for symbol, quote in found.items()}
        version, now = self.version + 1, datetime.now(UTC)
        self._entries = {pair: self._entry(pair, quote, version, now) for pair, quote in quotes.items()}
        changed = any(entry.version == version for entry in self._entries.values())
        self.version = version if changed else self.version
        return changed

    def since(self, version: int, pairs: Iterable[Pair]) -> list[bytes]:
        """The frames of these pairs that have changed after `version`."""
        entries = (self._entries.get(pair) for pair in pairs)
        return [entry.frame for entry in entries if entry is not None and entry.version > version]

    def _entry(self, pair: Pair, quote: Quote, version: int, now: datetime) -> _Entry:
        known = self._entries.get(pair)
        if known is not None and (known.quote.bid, known.quote.ask, known.quote.last) == (
            quote.bid,
            quote.ask,
            quote.last,
        ):
            return known
        data = msgspec.json.encode(PriceEvent(price=price(*pair, quote, now)))
        return _Entry(version, quote, b"event: price\ndata: " + data + b"\n\n")
