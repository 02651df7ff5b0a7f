"""Plan one candle cycle: the shards of the pairs that are followed, those that trade and suspended ones with trades."""

from datetime import datetime

from services.db import cycles, delistings, instruments
from services.domain.market import InstrumentStatus, Market
from services.domain.shards import Shard, shards
from services.usecases.context import Services


async def plan_cycle(services: Services, slot: datetime) -> list[Shard]:
    """The shards of the cycle of `slot`, recorded as expected. Repetition changes nothing."""
    async with services.pool.connection() as connection:
        listed = await instruments.listed(connection)
        planned = []
        for market in Market:
            waiting = await delistings.symbols_with_live_trades(connection, market)
            trading = {
                each.symbol for each in listed if each.market is market and each.status is InstrumentStatus.TRADING
            }
            planned += shards(market, trading | waiting, waiting - trading)
        await cycles.begin(connection, slot, planned)
    return planned
