"""The fleet's request weight, one budget a market, in Redis and on its clock: nobody asks the exchange without it.

Not a bucket but a window that slides over the last exchange minute: a bucket that holds a minute's budget and
refills in a minute lets twice the budget into one minute of the exchange's count.
"""

import math
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
from redis.asyncio import Redis

from services.coordination.batcher import Batcher
from services.coordination.scripts import script, unavailable_without_redis
from services.domain.market import Market

RESERVES: Mapping[Market, Mapping[str, float]] = {
    Market.SPOT: {
        "cycle": 0.40,
        "candles": 0.30,
        "sweep": 0.10,
        "ring": 0.05,
        "finer": 0.05,
        "command": 0.03,
        "chart": 0.02,
        "funding": 0.01,
        "clock": 0.01,
        "listings": 0.01,
    },
    Market.FUTURES: {
        "cycle": 0.56,
        "candles": 0.15,
        "sweep": 0.12,
        "ring": 0.05,
        "finer": 0.04,
        "command": 0.02,
        "chart": 0.01,
        "funding": 0.02,
        "clock": 0.014,
        "listings": 0.005,
    },
}
"""Each purpose's own share of the budget, which no other can use up; what is left goes to who comes first.

Of the default budgets a full cycle takes 18 % on spot and 28 % on futures (twice that with a mark price for every
pair), sweeps every two seconds 6 and 12 %. Two cycles of last prices fit into one window, so that none waits for the
one before. The candles of one scan take 18 % on spot, at once, and 28 % on futures: there they come in two windows,
rather than keep the prices that trades are judged by waiting. The time is asked for by each process and command as it
starts, mostly when the history of all pairs is being brought.
"""

BORROWERS, LENDER, LENT_UP_TO = ("ring", "finer"), "cycle", 0.75
"""Rings and finer data also get what the cycles do not use of their reserve, up to this part of it.

One look-up on futures costs 20 of 1,920, and a trade that is touched in the minute of its entry needs one; a ring there
costs 2 where a trade can be liquidated. A cycle that finds its reserve lent waits a second, until the one before leaves
the window; with a mark price for every pair there is nothing to lend.
"""

SLOTS = 60
"""Parts of an exchange minute by which the window slides."""

FIRST_BACKOFF_SECONDS, BACKOFF_SECONDS_MAX, STRIKES_SECONDS = 5.0, 120.0, 600.0


class Usage(msgspec.Struct, frozen=True):
    """A market's weight: used by the fleet in the last exchange minute, out of `limit`, which is its share.

    paused_seconds  for how long nobody may ask, and the reason
    by_purpose      what the weight was used for
    others          weight of other programs at our address, as far as the exchange's header tells
    """

    used: int
    limit: int
    paused_seconds: float
    reason: str
    by_purpose: dict[str, int]
    others: int


class WeightBudget:
    """Spends, corrects and pauses the budget of each market. For one event loop.

    `limits` are the exchange's weights per exchange minute, `share` the part this fleet may use, `speed` exchange
    seconds per wall second.
    """

    def __init__(self, redis: Redis, limits: Mapping[Market, int], share: Decimal, speed: Decimal) -> None:
        self._limits = dict(limits)
        self._budgets = {market: int(limit * share) for market, limit in limits.items()}
        self._slot_us = max(1, int(60_000_000 / SLOTS / float(speed)))
        self._spend_script = script(redis, "spend")
        self._pause_script = script(redis, "pause")
        self._usage_script = script(redis, "usage")
        self._batchers = {market: self._batcher(market) for market in Market}
        self._paused_until = dict.fromkeys(Market, 0.0)
        self._reports: dict[Market, tuple[int, float]] = {}

    async def acquire(self, market: Market, weight: int, purpose: str) -> float:
        """Spend `weight` for `purpose`, one of the market's RESERVES: 0.0 when done, else the seconds to wait.

        Calls made together share one round trip. Raises Unavailable when Redis is away: nobody asks blindly.
        """
        if purpose not in RESERVES[market]:
            raise ValueError(f"unknown purpose: {purpose}")
        # A pause once known holds here even when Redis has forgotten it.
        left = self._paused_until[market] - time.monotonic()
        return left if left > 0 else await self._batchers[market].ask((purpose, weight))

    def report_used(self, market: Market, used: int) -> None:
        """The exchange counts `used` for our address in its present minute. Goes along with the next acquire."""
        self._reports[market] = (used, time.monotonic())

    async def pause(self, market: Market, seconds: float | None, reason: str) -> float:
        """Let nobody ask this market for `seconds`; None backs off exponentially, from 5 s.

        Returns the seconds left: a longer pause in force stays. Raises Unavailable when Redis is away; this process
        pauses all the same.
        """
        self._remember(market, FIRST_BACKOFF_SECONDS if seconds is None else seconds)
        backoff = (FIRST_BACKOFF_SECONDS, BACKOFF_SECONDS_MAX, STRIKES_SECONDS)
        with unavailable_without_redis():
            left = await self._pause_script(
                keys=[_key(market, "pause"), _key(market, "strikes")],
                args=[-1 if seconds is None else _ms(seconds), reason, *(_ms(each) for each in backoff)],
            )
        return self._remember(market, left / 1000)

    async def usage(self, market: Market) -> Usage:
        """For people: how the budget stands. Raises Unavailable."""
        with unavailable_without_redis():
            paused_ms, reason, others, *spent = await self._usage_script(
                keys=self._keys(market), args=[self._slot_us, SLOTS]
            )
        by_purpose = {spent[i].decode(): int(spent[i + 1]) for i in range(0, len(spent), 2)}
        return Usage(
            used=sum(by_purpose.values()),
            limit=self._budgets[market],
            paused_seconds=paused_ms / 1000,
            reason=reason.decode(),
            by_purpose=by_purpose,
            others=others,
        )

    def _batcher(self, market: Market) -> Batcher[tuple[str, int], float]:
        async def spend(requests: Sequence[tuple[str, int]]) -> list[float]:
            return await self._spend(market, requests)

        return Batcher(spend)

    async def _spend(self, market: Market, requests: Sequence[tuple[str, int]]) -> list[float]:
        arguments: list[str | int | float] = [
            self._slot_us,
            SLOTS,
            self._budgets[market],
            self._limits[market],
            self._fresh_report(market),
            *(f",{','.join(BORROWERS)},", LENDER, LENT_UP_TO),
            len(RESERVES[market]),
        ]
        for pair in (*RESERVES[market].items(), *requests):
            arguments += pair
        with unavailable_without_redis():
            paused_ms, *waits_ms = await self._spend_script(keys=self._keys(market), args=arguments)
        self._remember(market, paused_ms / 1000)
        return [wait / 1000 for wait in waits_ms]

    def _fresh_report(self, market: Market) -> int:
        """The last report, while it can be about the present minute; -1 for none."""
        used, at = self._reports.pop(market, (-1, 0.0))
        return used if time.monotonic() - at < self._slot_us / 1e6 else -1

    def _remember(self, market: Market, seconds: float) -> float:
        """Note a pause; the seconds it has left."""
        now = time.monotonic()
        self._paused_until[market] = max(self._paused_until[market], now + seconds)
        return self._paused_until[market] - now

    def _keys(self, market: Market) -> list[str]:
        # Slots of another length are counted apart: the speed of a simulator may change from run to run.
        return [_key(market, f"spent:{self._slot_us}"), _key(market, "pause"), _key(market, "others")]


def _ms(seconds: float) -> int:
    return math.ceil(seconds * 1000)


def _key(market: Market, name: str) -> str:
    return f"weight:{market}:{name}"
