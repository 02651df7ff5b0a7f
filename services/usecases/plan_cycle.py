"""Plan one candle cycle: the shards of every pair that is followed."""

from datetime import datetime

from services.db import cycles, instruments
from services.domain.market import Market
from services.domain.shards import Shard, shards
from services.usecases.context import Services


async def plan_cycle(services: Services, slot: datetime) -> list[Shard]:
    """The shards of the cycle of `slot`, recorded as expected. Repetition changes nothing."""
    async with services.pool.connection() as connection:
        listed = await instruments.listed(connection)
        planned = [
            shard
            for market in Market
            for shard in shards(market, (each.symbol for each in listed if each.market is market))
        ]
        await cycles.begin(connection, slot, planned)
    return planned
