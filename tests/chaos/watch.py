"""What is looked at every second while a fleet runs for long: the rows that are new, and what the processes hold."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from itertools import accumulate, pairwise
from statistics import linear_regression, median

import psutil
import psycopg
import redis.asyncio
from redis.exceptions import RedisError

from tests.chaos import people
from tests.chaos.crowd import Crowd
from tests.chaos.ground import Ground
from tests.fleet import oracle, orders

MEGABYTE = 1 << 20
LOOK_SECONDS = 10
"""What has not been seen by then is looked at the next time."""
GOOD_SHARE = 0.5
"""So many looks at least must see something: servers are broken meanwhile, for a second or two each time."""
LATE = timedelta(seconds=30)
"""So long before a look the transaction may have begun that it is the first to see."""
GROWTH_MAX = 0.10
GROWTH_MAX_BYTES = 15 * MEGABYTE
"""A process may hold so much more in the last quarter than in the second one: caches that fill are no leak."""
SLOPE_MAX_BYTES = 5 * MEGABYTE
"""So much a process may grow in the last half of its life, by the straight line through it: caches are full by then."""
LEVEL_SECONDS = 10
STEP_BYTES = 2 * MEGABYTE
STEPS_MAX = 3
"""So many steps are no slope: of a message of 2 MB that it freed glibc keeps up to 4 MB for a thread's next one, once
for each thread that met one (mallopt(3): the thresholds of mmap and trim grow with what was freed)."""
KEYS_MAX = 2_000
DEAD_TUPLES_MAX = 200_000
SAMPLES_MIN = 40
SLOPE_SAMPLES_MIN = 200
"""In a shorter life than so many seconds caches still fill in its last half."""

_BALANCES = """
SELECT a.id, a.balance, (SELECT coalesce(sum(l.amount), 0) FROM ledger l WHERE l.account_id = a.id) AS booked
FROM accounts a
"""
_HEADS = """
SELECT 'a' || id, event_seq FROM accounts UNION ALL SELECT 's' || id, event_seq FROM sources
UNION ALL SELECT name, event_seq FROM streams
"""
_NEW_EVENTS = """
SELECT stream, count(*), min(e.seq), max(e.seq)
FROM unnest(%s::text[], %s::bigint[]) AS seen(stream, after) JOIN events e USING (stream)
WHERE e.seq > seen.after GROUP BY stream
"""
_ENDED = "SELECT id FROM trades WHERE exit_time IS NOT NULL AND updated_at >= %s"
_TWICE = """
SELECT t.id FROM trades t JOIN trade_exits x ON x.trade_id = t.id WHERE t.id = ANY(%s)
GROUP BY t.id HAVING count(*) <> 1 OR sum(x.quantity) <> t.quantity
"""
_DEAD = "SELECT coalesce(sum(n_dead_tup), 0)::bigint FROM pg_stat_user_tables"


class Watch:
    """Looks every second; `violations` are what it saw, `line` sums it up."""

    def __init__(self, ground: Ground, crowd: Crowd) -> None:
        self.ground = ground
        self.crowd = crowd
        self.violations: list[str] = []
        self.memory: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        self.looks = self.failed = 0
        self.keys_max = self.dead_max = 0
        self._heads: dict[str, int] = {}
        self._since = datetime(1970, 1, 1, tzinfo=UTC)
        self._judged: set[int] = set()
        self._waiting: set[int] = set()

    async def look(self) -> None:
        """Until cancelled. What cannot be looked at, because it is broken just now, is looked at the next time."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.look_once()
                self.looks += 1
            except (psycopg.OperationalError, RedisError, TimeoutError):
                self.failed += 1
            await asyncio.sleep(1)

    async def weigh(self) -> None:
        """What each process holds, every second, until cancelled."""
        while True:
            for name, process in self.ground.fleet.processes.items():
                with suppress(psutil.NoSuchProcess):
                    self.memory[name, process.pid].append(psutil.Process(process.pid).memory_info().rss)
            await asyncio.sleep(1)

    async def look_once(self) -> None:
        """All of it. Raises psycopg.OperationalError or RedisError when something is not there to be looked at."""
        await self._rows()
        async with redis.asyncio.Redis.from_url(self.ground.settings.redis_url) as valkey:
            self.keys_max = max(self.keys_max, await valkey.dbsize())

    async def _rows(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.ground.settings.database_url) as connection:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            (now,) = await (await connection.execute("SELECT now()")).fetchone() or (self._since,)
            balances = await (await connection.execute(_BALANCES)).fetchall()
            heads = dict(await (await connection.execute(_HEADS)).fetchall())
            before = {stream: self._heads.get(stream, 0) for stream in heads}
            new = await (await connection.execute(_NEW_EVENTS, [list(before), list(before.values())])).fetchall()
            recent = {id_ for (id_,) in await (await connection.execute(_ENDED, [self._since])).fetchall()}
            ended = (recent | self._waiting) - self._judged
            twice = await (await connection.execute(_TWICE, [list(ended)])).fetchall()
            (dead,) = await (await connection.execute(_DEAD)).fetchone() or (0,)
        self.violations += [f"account {id_}: {has}, {booked} booked" for id_, has, booked in balances if has != booked]
        found = {stream: numbers for stream, *numbers in new}
        for stream, head in heads.items():
            if head > before[stream] and found.get(stream) != [head - before[stream], before[stream] + 1, head]:
                self.violations.append(f"events {found.get(stream)} of {stream} after {before[stream]} up to {head}")
        self.violations += [f"trade {id_} has left more than once" for (id_,) in twice]
        self.violations += await asyncio.to_thread(lambda: list(self._closes(ended)))
        self.dead_max = max(self.dead_max, dead)
        self._heads = heads
        self._since = now - LATE

    def _closes(self, ended: set[int]) -> Iterator[str]:
        """What is wrong with trades that have ended; one whose owner is still at it waits for the next look."""
        market, told = self.ground.market, {each.number: each for each in self.crowd.told}
        for order_row in orders.rows(self.ground.settings, ended):
            order = market.orders[order_row.number]
            yield from orders.differs(order_row, oracle.by_prints(order, market.tapes[order.market, order.symbol]))
        self._waiting = set()
        for row in people.rows(self.ground.settings, ended):
            owner = told.get(row.number)
            if owner is None:
                yield f"trade {row.id} is nobody's: there is no person {row.number}"
            elif owner.is_done:
                yield from people.otherwise(self.ground, owner, row)
            else:
                self._waiting.add(row.id)
        self._judged |= ended - self._waiting

    def judge(self) -> list[str]:
        """What was wrong, growth of memory included."""
        wrong = list(self.violations)
        if not self.looks or self.looks < GOOD_SHARE * (self.looks + self.failed):
            wrong.append(f"{self.looks} looks saw something, {self.failed} nothing")
        if not self._judged:
            wrong.append("no look saw a trade that had ended")
        for (name, pid), samples in self.memory.items():
            wrong += [f"{name} ({pid}) {how}" for how in growth(samples)]
        if self.keys_max > KEYS_MAX:
            wrong.append(f"{self.keys_max} keys in Valkey")
        if self.dead_max > DEAD_TUPLES_MAX:
            wrong.append(f"{self.dead_max} dead rows")
        return wrong

    def samples(self) -> str:
        """What each process held, in MB, every ten seconds: JSON."""
        return json.dumps(
            {
                f"{name} ({pid})": [round(size / MEGABYTE, 1) for size in sizes[::10]]
                for (name, pid), sizes in self.memory.items()
            }
        )

    def line(self) -> str:
        """One line for people."""
        held: defaultdict[str, int] = defaultdict(int)
        for (name, _), samples in self.memory.items():
            held[name] = max(held[name], *samples)
        most = ", ".join(f"{name} {size / MEGABYTE:.0f}" for name, size in sorted(held.items()))
        slopes = ", ".join(
            f"{name} {slope(samples) / MEGABYTE:+.1f}"
            for (name, _), samples in sorted(self.memory.items())
            if len(samples) >= SLOPE_SAMPLES_MIN
        )
        return (
            f"{self.looks} looks, {self.failed} at nothing; {len(self._judged)} ends held against the prints; MB at "
            f"most: {most}; growth in the last half: {slopes}; keys {self.keys_max}, dead rows {self.dead_max}"
        )


def growth(samples: Sequence[int]) -> Iterator[str]:
    """How a process grew that must not; `samples` are its bytes, one a second."""
    quarter = len(samples) // 4
    if quarter * 4 >= SAMPLES_MIN:
        early, late = median(samples[quarter : 2 * quarter]), median(samples[-quarter:])
        if late > early * (1 + GROWTH_MAX) + GROWTH_MAX_BYTES:
            yield f"grew from {early / MEGABYTE:.0f} to {late / MEGABYTE:.0f} MB"
    if len(samples) >= SLOPE_SAMPLES_MIN and (grown := slope(samples)) > SLOPE_MAX_BYTES:
        yield f"grew by {grown / MEGABYTE:.1f} MB in the last half of {len(samples)} s"


def slope(samples: Sequence[int]) -> float:
    """By how many bytes the straight line through the last half of the samples rises, a few steps left out."""
    half = samples[len(samples) // 2 :]
    levels = [median(half[first : first + LEVEL_SECONDS]) for first in range(0, len(half), LEVEL_SECONDS)]
    rises = [later - earlier for earlier, later in pairwise(levels)]
    steps = nlargest(STEPS_MAX, (n for n, rise in enumerate(rises) if rise > STEP_BYTES), key=rises.__getitem__)
    course = list(accumulate(0 if n in steps else rise for n, rise in enumerate(rises)))
    return linear_regression(range(len(course)), course).slope * len(levels)
