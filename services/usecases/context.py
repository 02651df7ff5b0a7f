"""What use cases work with: one process's connections and clients. `services.bootstrap` builds it."""

from dataclasses import dataclass

from redis.asyncio import Redis

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db.pool import Pool
from services.settings import Settings


@dataclass(frozen=True)
class Services:
    """One process's adapters, open for as long as the process runs."""

    settings: Settings
    pool: Pool
    redis: Redis
    exchange: BinanceClient
    clock: ExchangeClock
    weight: WeightBudget
    prices: PriceCache
