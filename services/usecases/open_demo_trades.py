"""Demo trades for the first run: small ones on both markets, so that something happens while one looks."""

import asyncio
from decimal import Decimal

import structlog

from services.db import accounts, instruments, trades
from services.domain.errors import Refused, Unavailable
from services.domain.market import Market, Quote
from services.domain.plan import Direction, EntryType
from services.usecases.context import Services
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade

SOURCE = "demo"
BASES = (
    *("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "SUI", "LTC", "TRX"),
    *("DOT", "NEAR", "APT", "ARB", "OP", "INJ", "FIL", "ATOM", "UNI", "AAVE", "ETC", "XLM"),
)
"""Pairs that people know."""
_DISTANCES = tuple(Decimal(text) for text in ("0.0015", "0.003", "0.005", "0.008"))
_NOTES = "opened by itself on the first run, to show how trades live and close"
_QUOTES_SECONDS = 60

log = structlog.get_logger(__name__)


async def open_demo_trades(services: Services) -> int:
    """Open the demo trades on the local owner's account, unless it has ever had a trade; how many were opened.

    Waits for the first sweep of quotes.
    """
    async with services.pool.connection() as connection:
        owner = await accounts.ensure_owner(connection, services.settings.starting_balance)
        if await trades.any_of(connection, owner):
            return 0
    opened = 0
    for market in Market:
        quotes = await _first_quotes(services, market)
        for number, symbol in enumerate(quotes):
            try:
                await open_trade(services, owner, _wish(market, symbol, quotes[symbol], number))
            except Refused as refusal:
                log.info("demo_trade_refused", symbol=symbol, reason=refusal.message)
                continue
            opened += 1
    return opened


async def _first_quotes(services: Services, market: Market) -> dict[str, Quote]:
    """Quotes of the demo pairs that the market lists, as soon as there are any. Raises TimeoutError."""
    wanted = [f"{base}USDT" for base in BASES]
    async with asyncio.timeout(_QUOTES_SECONDS):
        while True:
            async with services.pool.connection() as connection:
                listed = {each.symbol for each in await instruments.by_symbols(connection, market, wanted)}
            try:
                quotes = await services.prices.many(market, [symbol for symbol in wanted if symbol in listed])
            except Unavailable:
                quotes = {}
            if quotes:
                return quotes
            await asyncio.sleep(0.5)


def _wish(market: Market, symbol: str, quote: Quote, number: int) -> NewTrade:
    """Mostly market entries in both directions (spot: LONG), every fourth a limit a little away."""
    direction = Direction.SHORT if market is Market.FUTURES and number % 2 else Direction.LONG
    distance = _DISTANCES[number % len(_DISTANCES)]
    limit = number % 4 == 3
    entry = quote.last * (1 - direction.sign * Decimal("0.001")) if limit else quote.last
    return NewTrade(
        market_type=market,
        symbol=symbol,
        direction=direction,
        entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
        entry_price=entry if limit else None,
        stop_loss=entry * (1 - direction.sign * distance),
        take_profit=entry * (1 + direction.sign * distance),
        position_size=Decimal(200),
        leverage=5 if market is Market.FUTURES else 1,
        source=SOURCE,
        notes=_NOTES,
    )
