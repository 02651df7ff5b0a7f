"""What goes wrong, by name: which faults, how often, and with how many of each process.

A scenario's faults come one after the other, each kind once in a round whose order its seed draws, with pauses between
them; those of `beside` come on a course of their own at the same time.
"""

from datetime import timedelta
from typing import NamedTuple

from tests.chaos import faults
from tests.chaos.faults import Fault, away, exchange, freeze, murder, postgres_frozen, replace, replies_lost

WRONG_CLOCKS = (timedelta(minutes=-10), timedelta(minutes=10), timedelta(0))


class Scenario(NamedTuple):
    """See the module. `pauses` are the least and the most seconds between two faults; `patience` is how many
    seconds the fleet may need, after the market's end, to have judged all of it; `skews` are how wrong the clocks of
    its machines are. `speed`: how many seconds of the market pass in one of ours, where not the usual ones. People and
    readers may be answered 503, unless not `may_refuse`.
    """

    name: str
    faults: tuple[Fault, ...]
    pauses: tuple[float, float] = (0.3, 1.2)
    beside: tuple[Fault, ...] = ()
    people: int = 6
    listeners: int = 4
    schedulers: int = 2
    workers: int = 3
    apis: int = 2
    patience: float = 120
    skews: tuple[timedelta, ...] = ()
    speed: int | None = None
    may_refuse: bool = True

    @property
    def kinds(self) -> set[str]:
        """The kinds of fault in it: each must be done at least once, to its end."""
        return {fault.kind for fault in (*self.faults, *self.beside)}


SCENARIOS = (
    Scenario("undisturbed", ()),
    Scenario("workers murdered", (murder("worker"),), (0.2, 0.8)),
    Scenario("workers frozen", (freeze("worker", 0.5, 7), murder("worker")), workers=3),
    Scenario("workers away", (away("worker", 10, 20),), (3, 6)),
    Scenario("schedulers murdered and frozen", (murder("scheduler"), freeze("scheduler", 0.5, 12)), schedulers=5),
    Scenario("messages repeated and disordered", (faults.repeated_messages,), (0, 0.3)),
    Scenario("poison among messages", (faults.poison,), (0.1, 0.5)),
    Scenario("replies lost", (replies_lost(0.01, 3), replies_lost(0.002, 3, silently=True)), (0, 0.5)),
    Scenario(
        "valkey restarted, emptied, full, unreachable",
        (faults.valkey_restarted, faults.valkey_flushed, faults.valkey_full, faults.valkey_unreachable),
        (0.3, 1.5),
    ),
    Scenario(
        "postgres killed, backends ended, pool full",
        (faults.postgres_killed, faults.backends_terminated, faults.postgres_full),
        (1, 2.5),
    ),
    Scenario("exchange refuses", exchange(*faults.REFUSALS, probability=0.3)),
    # Nobody may ask for five minutes of ours: faster, the exchange would keep no prints any more when they are over.
    Scenario("exchange blocks us", exchange(*faults.BLOCKED, probability=0.05), (10, 15), patience=420, speed=150),
    Scenario("exchange breaks off", (*exchange(*faults.BROKEN, probability=0.2), *exchange("stale", seconds=0.4))),
    Scenario(
        "prices that are none",
        (faults.impossible_prices, faults.wild_prices, *exchange(*faults.ROWS, probability=0.2)),
    ),
    Scenario("clocks skewed", (*exchange("skew", ms=-10_000), *exchange("skew", ms=400))),
    Scenario("clocks of our own machines wrong", (murder("worker"), murder("scheduler")), (1, 2), skews=WRONG_CLOCKS),
    Scenario("streams cut, APIs murdered", (murder("api"),), (0.5, 1.5), people=2, listeners=20),
    Scenario(
        "everything replaced in turn",
        (replace("worker"), replace("api"), replace("scheduler")),
        (0, 0.5),
        may_refuse=False,
    ),
    Scenario("postgres frozen", (postgres_frozen(4),), (2, 3)),
    Scenario("postgres frozen for half a minute", (postgres_frozen(30),), (2, 3)),
    Scenario(
        "all at once",
        (murder("worker"), murder("scheduler"), murder("api"), faults.valkey_flushed, faults.backends_terminated),
        (0.4, 1.5),
        beside=(*exchange(*faults.REFUSALS, *faults.BROKEN, probability=0.1), faults.impossible_prices, faults.poison),
    ),
)

SOAK = Scenario(
    "soak",
    (
        faults.valkey_flushed,
        faults.valkey_unreachable,
        faults.backends_terminated,
        faults.repeated_messages,
        faults.poison,
        faults.valkey_restarted,
        faults.postgres_killed,
        murder("worker-2"),
        murder("scheduler-2"),
        murder("api-2"),
        freeze("worker", 0.3, 3),
        freeze("scheduler", 0.3, 3),
        *exchange(*faults.REFUSALS, *faults.BROKEN, *faults.ROWS),
        faults.impossible_prices,
        faults.wild_prices,
    ),
    (3, 10),
)
"""Worker-1, worker-3, scheduler-1 and api-1 are never killed, so that one that grows is seen."""

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
