"""The fleet's request weight, one budget a market: a token bucket in Redis, on Redis's own clock.

The bucket holds what this fleet may use of the exchange's limit in one exchange minute and refills evenly. Each
purpose leaves a reserve to the more urgent ones, so that people's commands are never starved by cycles. The
exchange's own count corrects it downwards, and a pause (429, a ban) stops every process of the fleet at once.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.domain.errors import Unavailable
from services.domain.market import Market

RESERVE = {"cycle": Decimal("0.3"), "sweep": Decimal("0.2"), "ring": Decimal("0.1"), "command": Decimal(0)}
"""The share of the bucket that each purpose leaves to the others."""

_ACQUIRE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ms = tonumber(redis.call('HGET', KEYS[1], 'paused_until') or '0')
if until_ms > now then return until_ms - now end
local capacity, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, reserve = tonumber(ARGV[3]), tonumber(ARGV[4])
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or capacity)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
tokens = math.min(capacity, tokens + (now - at) * per_ms)
local wait = 0
if tokens - cost >= math.min(reserve, capacity - cost) then
  tokens = tokens - cost
else
  wait = math.ceil((cost + reserve - tokens) / per_ms)
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
return wait
"""
_REPORT = """
local left = tonumber(ARGV[1])
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or left)
if tokens > left then redis.call('HSET', KEYS[1], 'tokens', tostring(left)) end
"""
_PAUSE = """
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
if until_ms > tonumber(redis.call('HGET', KEYS[1], 'paused_until') or '0') then
  redis.call('HSET', KEYS[1], 'paused_until', until_ms, 'reason', ARGV[2])
end
"""
_USAGE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local capacity, per_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or capacity)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
local paused = tonumber(redis.call('HGET', KEYS[1], 'paused_until') or '0') - now
return {math.floor(capacity - math.min(capacity, tokens + (now - at) * per_ms)), paused,
        redis.call('HGET', KEYS[1], 'reason') or ''}
"""


class Usage(msgspec.Struct, frozen=True):
    """How much of the budget is in use now, out of `limit`; seconds for which the market is paused, and why."""

    used: int
    limit: int
    paused_seconds: float
    reason: str


class WeightBudget:
    """The budgets of both markets.

    `limits` are the exchange's weights per exchange minute, `share` the part this fleet may use, `speed` exchange
    seconds per wall second.
    """

    def __init__(self, redis: Redis, limits: Mapping[Market, int], share: Decimal, speed: Decimal) -> None:
        self._redis = redis
        self._capacity = {market: int(limit * share) for market, limit in limits.items()}
        self._per_ms = {market: capacity * speed / 60_000 for market, capacity in self._capacity.items()}
        self._acquire = redis.register_script(_ACQUIRE)
        self._report = redis.register_script(_REPORT)
        self._pause = redis.register_script(_PAUSE)
        self._usage = redis.register_script(_USAGE)

    async def acquire(self, market: Market, weight: int, purpose: str) -> float:
        """Take `weight`: 0.0 when it was granted, else the seconds after which to ask again.

        Raises Unavailable when Redis is away: nobody asks the exchange blindly.
        """
        capacity = self._capacity[market]
        reserve = int(capacity * RESERVE[purpose])
        try:
            wait = await self._acquire(keys=[_key(market)], args=[capacity, str(self._per_ms[market]), weight, reserve])
        except RedisError as error:
            raise Unavailable(f"the weight budget is away: {error}") from error
        return int(wait) / 1000

    async def report_used(self, market: Market, used: int) -> None:
        """Correct the budget by the exchange's own count for the present minute."""
        left = max(0, self._capacity[market] - used)
        try:
            await self._report(keys=[_key(market)], args=[left])
        except RedisError as error:
            raise Unavailable(f"the weight budget is away: {error}") from error

    async def pause(self, market: Market, seconds: float, reason: str) -> None:
        """Let nobody ask this market for `seconds`; a longer pause in force stays."""
        try:
            await self._pause(keys=[_key(market)], args=[int(seconds * 1000), reason])
        except RedisError as error:
            raise Unavailable(f"the weight budget is away: {error}") from error

    async def usage(self, market: Market) -> Usage:
        """For people: how the budget stands."""
        capacity = self._capacity[market]
        try:
            used, paused, reason = await self._usage(keys=[_key(market)], args=[capacity, str(self._per_ms[market])])
        except RedisError as error:
            raise Unavailable(f"the weight budget is away: {error}") from error
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        paused_seconds = max(0, int(paused)) / 1000
        return Usage(int(used), capacity, paused_seconds, text if paused_seconds else "")


def _key(market: Market) -> str:
    return f"weight:{market}"
