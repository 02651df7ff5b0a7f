"""The whole fleet, or every worker, is dead for a part of the market: every trade ends as if it had not been."""

from datetime import timedelta

import redis

from tests.fleet import slots
from tests.fleet.conftest import END, World
from tests.fleet.fleet import judged_to, violations
from tests.fleet.orders import otherwise, rows
from tests.fleet.stage import Stage
from tests.fleet.tape import START, moment
from tests.servers import wait_until
from workers.broker import NAMESPACE

OUTAGE = timedelta(hours=2)
WORKERS = ("worker-1", "worker-2")
WORKERS_OUTAGE = timedelta(minutes=10)
CYCLES = 4
"""So many are asked for while no worker is there: what the first one asks for is too old by then."""
CATCH_UP_CYCLES = 2


async def test_after_an_outage_of_two_hours_every_trade_is_where_it_would_have_been(stage: Stage, undisturbed):
    await stage.run()
    await stage.judged(START + timedelta(minutes=30))
    stage.fleet.kill()
    assert judged_to(stage.settings) < START + OUTAGE
    live = [row for row in rows(stage.settings) if row.outcome.exit_price is None]
    assert violations(stage.settings) == []

    await stage.simulator.set_clock(advance_ms=OUTAGE // timedelta(milliseconds=1))
    await stage.fleet.start()
    await stage.judged(END)
    await stage.fleet.stop()
    assert rows(stage.settings) == undisturbed.rows
    assert violations(stage.settings) == []
    closed_by_now = {row.number for row in undisturbed.rows if row.outcome.exit_price}
    assert len(closed_by_now & {row.number for row in live}) > 20


async def test_what_was_asked_for_while_no_worker_was_there_is_done_once_and_soon(
    stage: Stage, world: World, undisturbed
):
    def cycles() -> int:
        log = stage.fleet.log("scheduler-1").read_text()
        return sum(job == "cycle" for job, _ in slots.dispatched(log))

    def waiting() -> set[bytes]:
        with redis.Redis.from_url(stage.settings.redis_url) as valkey:
            return {id_ for key in valkey.scan_iter(f"{NAMESPACE}:*.msgs") for id_ in valkey.hkeys(key)}

    await stage.run()
    await stage.judged(START + timedelta(minutes=30))
    stage.fleet.kill(*WORKERS)
    live = [row for row in rows(stage.settings) if row.outcome.exit_price is None]
    back = moment(await stage.simulator.now()) + WORKERS_OUTAGE
    enough = cycles() + CYCLES
    await wait_until(lambda: cycles() >= enough, 30)

    backlog = waiting()
    assert len(backlog) > CYCLES
    for name in WORKERS:
        stage.fleet.spawn(name, "worker")
    for name in WORKERS:
        await stage.fleet.ready(name)
    now = moment(await stage.simulator.now())
    assert judged_to(stage.settings) < back < now
    await stage.judged(min(now, END), CATCH_UP_CYCLES * stage.settings.cycle_interval.total_seconds())
    await wait_until(lambda: backlog.isdisjoint(waiting()))
    await stage.judged(END)
    await stage.fleet.stop()
    found = rows(stage.settings)
    assert [*otherwise(found, world.outcomes)] == []
    assert found == undisturbed.rows
    assert violations(stage.settings) == []
    assert len({row.number for row in found if row.outcome.exit_price} & {row.number for row in live}) > 20
