"""What is looked at every second while a fleet runs for long: the rows that are new, and what the processes hold."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from statistics import median

import psutil
import psycopg
import redis.asyncio
from redis.exceptions import RedisError

from tests.chaos.crowd import Crowd
from tests.chaos.ground import Ground

MEGABYTE = 1 << 20
GROWTH_MAX = 0.10
GROWTH_MAX_BYTES = 15 * MEGABYTE
"""A process may hold so much more in the last quarter than in the second one: caches that fill are no leak."""
KEYS_MAX = 2_000
DEAD_TUPLES_MAX = 200_000
SAMPLES_MIN = 40

_NEW_EVENTS = """
SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0)
FROM events WHERE stream = 'a1' AND seq > %s AND seq <= %s
"""
_BALANCE = "SELECT balance, event_seq, (SELECT sum(amount) FROM ledger WHERE account_id = 1) FROM accounts WHERE id = 1"
_TWICE = """
SELECT t.id FROM trades t JOIN trade_exits x ON x.trade_id = t.id
WHERE t.exit_time IS NOT NULL AND t.updated_at >= now() - interval '10 s'
GROUP BY t.id HAVING count(*) <> 1 OR sum(x.quantity) <> t.quantity
"""
_DEAD = "SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables"


class Watch:
    """Looks every second; `violations` are what it saw, `line` sums it up."""

    def __init__(self, ground: Ground, crowd: Crowd) -> None:
        self.ground = ground
        self.crowd = crowd
        self.violations: list[str] = []
        self.memory: defaultdict[str, list[int]] = defaultdict(list)
        self.looks = 0
        self.keys_max = self.dead_max = 0
        self._seq = 0

    async def look(self) -> None:
        """Until cancelled. What cannot be looked at, because it is broken just now, is looked at the next time."""
        while True:
            with suppress(psycopg.OperationalError):
                await self._rows()
            with suppress(RedisError):
                await self._keys()
            for name, process in self.ground.fleet.processes.items():
                with suppress(psutil.NoSuchProcess):
                    self.memory[name].append(psutil.Process(process.pid).memory_info().rss)
            self.looks += 1
            await asyncio.sleep(1)

    async def _rows(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.ground.settings.database_url) as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            balance, seq, booked = await (await connection.execute(_BALANCE)).fetchone() or (0, 0, 0)
            found = await (await connection.execute(_NEW_EVENTS, [self._seq, seq])).fetchone() or (0, 0, 0)
            twice = await (await connection.execute(_TWICE)).fetchall()
            (dead,) = await (await connection.execute(_DEAD)).fetchone() or (0,)
        if balance != booked:
            self.violations.append(f"a balance of {balance}, {booked} booked")
        if seq > self._seq and tuple(found) != (seq - self._seq, self._seq + 1, seq):
            self.violations.append(f"events {found} after {self._seq} up to {seq}")
        self.violations += [f"trade {id_} has left more than once" for (id_,) in twice]
        self.dead_max = max(self.dead_max, dead)
        self._seq = seq

    async def _keys(self) -> None:
        async with redis.asyncio.Redis.from_url(self.ground.settings.redis_url) as valkey:
            self.keys_max = max(self.keys_max, await valkey.dbsize())

    def judge(self) -> list[str]:
        """What was wrong, growth of memory included."""
        wrong = list(self.violations)
        for name, samples in self.memory.items():
            quarter = len(samples) // 4
            if quarter * 4 < SAMPLES_MIN:
                continue
            early, late = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
            if late > early * (1 + GROWTH_MAX) + GROWTH_MAX_BYTES:
                wrong.append(f"{name} grew from {early / MEGABYTE:.0f} to {late / MEGABYTE:.0f} MB")
        if self.keys_max > KEYS_MAX:
            wrong.append(f"{self.keys_max} keys in Valkey")
        if self.dead_max > DEAD_TUPLES_MAX:
            wrong.append(f"{self.dead_max} dead rows")
        return wrong

    def line(self) -> str:
        """One line for people."""
        held = ", ".join(f"{name} {max(samples) / MEGABYTE:.0f}" for name, samples in sorted(self.memory.items()))
        return f"{self.looks} looks; MB at most: {held}; keys {self.keys_max}, dead rows {self.dead_max}"
