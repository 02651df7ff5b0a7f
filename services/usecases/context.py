"""What use cases work with: one process's connections and clients. `services.bootstrap` builds it."""

from dataclasses import dataclass, replace

from redis.asyncio import Redis

from services.binance.client import BinanceClient
from services.binance.clock import ExchangeClock
from services.coordination.prices import PriceCache
from services.coordination.weight import WeightBudget
from services.db.pool import Pool
from services.hooks.client import HookClient
from services.hooks.errands import Errands
from services.hooks.notifier import Notifier
from services.settings import Settings


@dataclass(frozen=True)
class Services:
    """One process's adapters, open for as long as the process runs.

    In the API, what `pool` gives acts for the caller: it sees what is theirs, and its changes are audited as theirs.
    `system_pool` is the fleet itself. In every other process both are the same.
    """

    settings: Settings
    pool: Pool
    system_pool: Pool
    redis: Redis
    exchange: BinanceClient
    clock: ExchangeClock
    weight: WeightBudget
    prices: PriceCache
    hooks: HookClient
    notifier: Notifier
    errands: Errands

    @property
    def connections(self) -> int:
        """Connections to PostgreSQL that the process may hold at most."""
        return sum(pool.max_size for pool in {self.pool, self.system_pool})

    def as_system(self) -> "Services":
        """The same services at the fleet's own work: over everybody's rows, in nobody's name."""
        return replace(self, pool=self.system_pool)
