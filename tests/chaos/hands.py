"""How long workers hold messages: one whose reply got lost, or whose worker is stuck, would be held for ever."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

import redis.asyncio
from redis.exceptions import RedisError

from tests.servers import wait_until
from workers.broker import NAMESPACE

HELD_SECONDS_MAX = 60
LOOK_SECONDS = 5
"""A look that has seen nothing by then is given up."""

Held = tuple[str, str]
"""The key of what a worker holds of a queue, and the id of a message in it."""


class Hands:
    """Looks every second. `violations` tell what was held for too long, `longest` for how many seconds anything was."""

    def __init__(self, redis_url: str) -> None:
        self.violations: list[str] = []
        self.longest = 0.0
        self.seen = 0
        self._redis_url = redis_url
        self._since: dict[Held, float] = {}
        self._told: set[Held] = set()

    async def look(self) -> None:
        """Until cancelled. While Valkey cannot be asked everything counts as held on."""
        while True:
            with suppress(RedisError, TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    self.saw(await self._held(), time.monotonic())
            await asyncio.sleep(1)

    def saw(self, held: Iterable[Held], at: float) -> None:
        """These are held at that monotonic time."""
        before, self._since = self._since, {each: self._since.get(each, at) for each in held}
        self.seen += len(self._since.keys() - before.keys())
        for each, since in self._since.items():
            if at - since > HELD_SECONDS_MAX and each not in self._told:
                self._told.add(each)
                self.violations.append(f"message {each[1]} is held in {each[0]} for {at - since:.0f} s")
            self.longest = max(self.longest, at - since)

    async def let_go(self) -> None:
        """Return when nothing is held any more that is held now, or something for too long."""
        now = set(self._since)
        await wait_until(lambda: now.isdisjoint(self._since) or self.violations, HELD_SECONDS_MAX)

    async def _held(self) -> set[Held]:
        async with redis.asyncio.Redis.from_url(self._redis_url, decode_responses=True) as valkey:
            keys = [key async for key in valkey.scan_iter(f"{NAMESPACE}:__held__.*", count=1000)]
            return {(key, id_) for key in keys for id_ in await valkey.smembers(key)}
