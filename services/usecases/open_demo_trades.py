"""Demo trades for the first run: small ones on both markets, so that something happens while one looks.

They are made in one transaction. Whoever is killed before its commit has opened none, and the next start opens them
all; whoever is killed after it has opened them all, and they are never opened again, whatever becomes of them.
"""

import asyncio
from decimal import Decimal
from itertools import chain

import structlog

from services.coordination import doorbell
from services.db import accounts, clock, idempotency, instruments, settlement, trades
from services.db.pool import Connection
from services.domain.changes import created
from services.domain.errors import Refused, Unavailable
from services.domain.market import Instrument, Market, Quote
from services.domain.plan import Direction, EntryType
from services.domain.trade import Trade
from services.usecases.context import Services
from services.usecases.make_trades import Wanted, make_trades
from services.usecases.new_trade import NewTrade
from services.usecases.quotes import fresh_quotes

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

    Waits for the first sweeps of quotes. Raises TimeoutError when they do not come, Unavailable.
    """
    async with services.pool.connection() as connection:
        owner = await accounts.ensure_owner(connection, services.settings.starting_balance)
        if await trades.any_of(connection, owner):
            return 0
    quotes = await _first_quotes(services)
    for market in Market:
        await services.clock.now(market)  # may ask the exchange, and does so before anything is locked
    async with services.pool.connection() as connection:
        if not await _is_first(connection, owner):
            return 0
        made = await make_trades(services, connection, await _wanted(connection, owner, quotes), lock_accounts=True)
        for refusal in made:
            if isinstance(refusal, Refused):
                log.info("demo_trade_refused", reason=refusal.message)
        changes = [created(trade) for trade in made if isinstance(trade, Trade)]
        if not changes:
            await connection.rollback()  # the key with it: there will be a first time yet
            return 0
        at = await clock.transaction_time(connection)
        streams = await settlement.settle_and_commit(connection, changes, at=at)
    await doorbell.ring(services.redis, streams)
    return len(changes)


async def _is_first(connection: Connection, owner: int) -> bool:
    """Whether nobody opens them beside us, until the transaction ends, or has before, or has traded meanwhile."""
    scope, key = f"open_demo_trades:{owner}", "first"
    if await idempotency.claim(connection, scope, key, "") is not None:
        return False
    await idempotency.store(connection, scope, key, b"")
    return not await trades.any_of(connection, owner)


async def _first_quotes(services: Services) -> dict[Market, list[tuple[Instrument, Quote]]]:
    """The demo pairs that the markets list, each with a fresh quote, as soon as both have any. Raises TimeoutError."""
    wanted = [f"{base}USDT" for base in BASES]
    async with asyncio.timeout(_QUOTES_SECONDS):
        while True:
            async with services.pool.connection() as connection:
                listed = {market: await instruments.by_symbols(connection, market, wanted) for market in Market}
            try:
                quotes = await fresh_quotes(services, chain.from_iterable(listed.values()))
            except Unavailable:
                quotes = {}
            found = {
                market: [(each, quote) for each in here if isinstance(quote := quotes.get(each.id), Quote)]
                for market, here in listed.items()
            }
            if all(found.values()):
                return found
            await asyncio.sleep(0.5)


async def _wanted(
    connection: Connection, owner: int, quotes: dict[Market, list[tuple[Instrument, Quote]]]
) -> list[Wanted]:
    account = await accounts.load(connection, owner)
    assert account is not None
    return [
        Wanted(account, instrument, _wish(instrument, quote, number), quote)
        for pairs in quotes.values()
        for number, (instrument, quote) in enumerate(pairs)
    ]


def _wish(instrument: Instrument, quote: Quote, number: int) -> NewTrade:
    """Mostly market entries in both directions (spot: LONG), every fourth a limit a little away."""
    market = instrument.market
    direction = Direction.SHORT if market is Market.FUTURES and number % 2 else Direction.LONG
    distance = _DISTANCES[number % len(_DISTANCES)]
    limit = number % 4 == 3
    entry = quote.ask if direction is Direction.LONG else quote.bid
    if limit:
        entry -= direction.sign * _gap(instrument, entry, Decimal("0.001"))
    gap = direction.sign * _gap(instrument, entry, distance)
    return NewTrade(
        market_type=market,
        symbol=instrument.symbol,
        direction=direction,
        entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
        entry_price=entry if limit else None,
        stop_loss=entry - gap,
        take_profit=entry + gap,
        position_size=Decimal(200),
        leverage=5 if market is Market.FUTURES else 1,
        source=SOURCE,
        notes=_NOTES,
    )


def _gap(instrument: Instrument, price: Decimal, share: Decimal) -> Decimal:
    """That share of the price, or three ticks where the grid is too coarse for it."""
    return max(price * share, 3 * instrument.filters.tick_size)
