"""Sweep a market's quotes: prices for people and commands, and the bell for symbols whose barrier was touched.

Quotes ring, they never decide: a touch only asks for that symbol's path now instead of next minute.
"""

from services.coordination import doorbell, rings
from services.db import instruments, triggers
from services.domain.market import Market
from services.usecases.context import Services

RING_SECONDS = 1
"""A symbol is rung at most once in this time, whoever sweeps."""


async def sweep_quotes(services: Services, market: Market) -> list[str]:
    """Cache the market's quotes; the symbols to ring for."""
    quotes = await services.exchange.quotes(market)
    await services.prices.store(market, quotes)
    async with services.pool.connection() as connection:
        listed = {each.id: each.symbol for each in await instruments.listed(connection, market)}
        await triggers.plan_for_probes(connection)
        prices = {id_: quotes[symbol].last for id_, symbol in listed.items() if symbol in quotes}
        touched = await triggers.touched(connection, prices)
    await doorbell.ring(services.redis, [doorbell.prices(market)])
    return await rings.claim(services.redis, market, [listed[id_] for id_ in touched], RING_SECONDS)
