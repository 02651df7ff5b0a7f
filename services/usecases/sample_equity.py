"""Sample the equity of every account that moves, marked to market, with the price of bitcoin beside it.

A few statements for all accounts together. Adding up a million open trades takes seconds, so the work rests after each
run for fifty times as long as it took: it never takes more than a fiftieth of a core, and small books are sampled every
exchange minute.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from services.coordination import rest
from services.db import acting, equity_samples, positions
from services.db.equity_samples import Due
from services.db.pool import outlast
from services.db.positions import Holding
from services.domain.equity import marked
from services.domain.errors import Unavailable
from services.domain.market import Market, Quote
from services.domain.metrics.equity_curve import Sample
from services.usecases.context import Services
from services.usecases.equity import price_of

SHARE = 50
"""The work rests so many times as long as it took."""

BENCHMARK = (Market.SPOT, "BTCUSDT")

_WORK = "sample_equity"


async def sample_equity(services: Services) -> int:
    """Sample now, unless the work rests; how many accounts. Raises Unavailable without exchange time or Redis."""
    if await rest.is_resting(services.redis, _WORK):
        return 0
    started = time.monotonic()
    now = await services.clock.latest()
    quotes = await _quotes(services)
    async with services.pool.connection() as connection:
        await acting.begin_reading(connection)
        await connection.execute("SET LOCAL statement_timeout = '1min'")
        await outlast(connection)
        held: dict[int, list[Holding]] = {}
        for holding in await positions.all_open(connection):
            held.setdefault(holding.account_id, []).append(holding)
        due = await equity_samples.due(connection, list(held))
    bitcoin = quotes[BENCHMARK].last if BENCHMARK in quotes else None
    samples = [(each.account_id, _sample(each, held.get(each.account_id, []), quotes, now, bitcoin)) for each in due]
    if samples:
        async with services.pool.connection() as connection:
            await equity_samples.store(connection, samples)
    await rest.rest(services.redis, _WORK, SHARE * (time.monotonic() - started))
    return len(samples)


async def _quotes(services: Services) -> dict[tuple[Market, str], Quote]:
    found: dict[tuple[Market, str], Quote] = {}
    for market in Market:
        try:
            known = await services.prices.all(market)
        except Unavailable:
            continue
        found |= {(market, symbol): quote for symbol, quote in known.items()}
    return found


def _sample(
    account: Due,
    held: list[Holding],
    quotes: Mapping[tuple[Market, str], Quote],
    now: datetime,
    bitcoin: Decimal | None,
) -> Sample:
    priced = [(each.position, price_of(each.position, quotes, each.last_close)) for each in held]
    equity = marked(account.balance, priced).equity
    return Sample(
        time=now,
        equity=equity,
        profit_low=equity - account.deposits,
        profit_high=equity - account.deposits,
        balance=account.balance,
        deposits=account.deposits,
        positions=sum(each.trades for each in held),
        bitcoin=bitcoin,
    )
