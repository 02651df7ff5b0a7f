"""The negative control of what judges chaos: whatever is spoiled after a sound run is told, by the rule it breaks."""

import asyncio
import copy
import shutil
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psycopg

from tests.chaos.checker import check
from tests.chaos.crowd import Crowd
from tests.chaos.ground import Ground, Scale, ground_on
from tests.chaos.hands import HELD_SECONDS_MAX, Hands
from tests.chaos.run import ON_THEIR_WAY_MS, impatient
from tests.chaos.spoils import PERSON, SPOILS, Held, Spoil
from tests.chaos.watch import MEGABYTE, Watch, growth
from tests.fleet.listeners import Listener
from tests.servers import Servers, wait_until

SCALE = Scale(minutes=50, orders=4, speed=300, schedulers=1, workers=1, apis=1)
SEED, PEOPLE = 5, 3
SEEN_AT_ONCE = {
    "a balance": "booked",
    "an event lost": "events",
    "a second exit": "has left more than once",
    "an order's exit price": "order ",
    "an order's exit second": "order ",
    "an order's reason": "order ",
    "a person's exit price": "by its prints",
    "a person's reason": "for trailing_stop",
}
"""What a look in the middle of a run tells as well."""


async def test_whatever_is_spoiled_is_told(servers: Servers, tmp_path: Path):
    async with ground_on(servers, tmp_path, SEED, SCALE) as ground:
        crowd = Crowd(ground, SEED, PEOPLE)
        await ground.run()
        await crowd.act()
        await ground.market_comes_to(ground.market.end + ground.clock_error)
        await ground.judged(60)
        await ground.fleet.stop()
        assert check(ground, crowd).violations == []
        assert await looked_at(ground, crowd) == []
        for spoil in SPOILS:
            await is_told(ground, crowd, spoil)
        slot_is_told(ground, tmp_path)


async def is_told(ground: Ground, crowd: Crowd, spoil: Spoil) -> None:
    """On a copy of the database, so that nothing else is wrong there."""
    template = ground.settings.database_url.partition("?")[0].rpartition("/")[2]
    with ground.servers.database(template) as url:
        spoiled, told = copy.copy(ground), copy.deepcopy(crowd.told)
        spoiled.settings = msgspec.structs.replace(ground.settings, database_url=url)
        with psycopg.connect(url) as connection:
            query = f"SELECT substr(notes, 8)::int, entry_time, exit_time FROM trades WHERE id = {PERSON}"
            held = Held(*(connection.execute(query).fetchone() or ()))
            connection.execute("SET session_replication_role = replica")  # no foreign key keeps us from it
            for statement in filter(None, spoil.sql.split(";")):
                assert connection.execute(statement).rowcount > 0, f"{spoil.name}: nothing was there to spoil"
        if spoil.telling is not None:
            spoil.telling(told[held.number], held)
        people = copy.copy(crowd)
        people.told = told
        wrong = check(spoiled, people).violations
        assert any(spoil.expected in each for each in wrong), (spoil.name, wrong)
        if spoil.name in SEEN_AT_ONCE:
            wrong = await looked_at(spoiled, people)
            assert any(SEEN_AT_ONCE[spoil.name] in each for each in wrong), (spoil.name, wrong)


async def looked_at(ground: Ground, crowd: Crowd) -> list[str]:
    """What one look at a running fleet tells."""
    watch = Watch(ground, crowd)
    looking = asyncio.create_task(watch.look())
    await wait_until(lambda: watch.looks > 0)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    return watch.judge()


def slot_is_told(ground: Ground, folder: Path) -> None:
    """A line of a scheduler's log, in another scheduler's too."""
    doubled = copy.copy(ground)
    doubled.folder = folder / "doubled"
    doubled.folder.mkdir()
    shutil.copy(folder / "scheduler-1.1.log", doubled.folder / "scheduler-1.1.log")
    shutil.copy(folder / "scheduler-1.1.log", doubled.folder / "scheduler-2.1.log")
    assert any("was dispatched twice" in each for each in check(doubled, None).violations)


HEARD = ["id: e:a1.1,market.0", "data: {}", ""]


def listened(*lines: str, epoch: str = "e") -> list[str]:
    listener = Listener({}, epoch, 1)
    for line in lines:
        listener.hear(line)
    return listener.violations


def test_a_reader_tells_of_what_is_lost_repeated_disordered_or_reset():
    assert listened(*HEARD, "id: e:a1.1,market.1", "data: {}", "", "id: e:a1.1,market.1", "") == []
    assert listened("event: reset", "data: {}", "") != []
    assert listened("id: e:a1.2,market.0", "data: {}") != [], "one is lost"
    assert listened(*HEARD, *HEARD) != [], "one comes twice"
    assert listened(*HEARD, "id: e:a1.2,market.1", "data: {}") != [], "two in one"
    assert listened(*HEARD, "id: e:a1.2,market.0", "") != [], "a place it has not come to"
    assert listened(*HEARD, epoch="another") != []


def test_growth_of_a_process_is_told():
    assert list(growth([(100 + min(second, 20)) * MEGABYTE for second in range(80)])) == []
    assert len(list(growth([(100 + second) * MEGABYTE for second in range(80)]))) == 1
    noise = [(200 + 3 * (second % 2)) * MEGABYTE for second in range(600)]
    assert list(growth(noise)) == []
    assert len(list(growth([size + 18_000 * second for second, size in enumerate(noise)]))) == 1, "slow, and for ever"
    steps = [size + 4 * MEGABYTE * ((second > 350) + (second > 500)) for second, size in enumerate(noise)]
    assert list(growth(steps)) == [], "what the allocator keeps of two large messages"
    assert len(list(growth([size + 4 * MEGABYTE * (second // 40) for second, size in enumerate(noise)]))) >= 1


def test_a_watch_that_sees_nothing_is_told():
    watch = Watch(SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type] # it looks at nothing
    watch.looks, watch.failed = 4, 5
    assert any("4 looks saw something, 5 nothing" in each for each in watch.judge())
    assert any("no look saw a trade" in each for each in watch.judge())


def test_a_message_that_stays_in_one_workers_hands_is_told_once():
    hands, mine, other = Hands(""), ("held by one", "7"), ("held by another", "7")
    hands.saw([mine], 0)
    hands.saw([mine, other], HELD_SECONDS_MAX)
    hands.saw([other], HELD_SECONDS_MAX + 1)
    hands.saw([mine, other], 2 * HELD_SECONDS_MAX)
    assert hands.violations == []
    hands.saw([mine, other], 2 * HELD_SECONDS_MAX + 1)
    hands.saw([mine, other], 2 * HELD_SECONDS_MAX + 2)
    assert hands.violations == [f"message 7 is held in held by another for {HELD_SECONDS_MAX + 1} s"]


def test_a_request_before_its_time_is_told():
    early = {"path": "/api/v3/klines", "status": 429, "left_ms": 500}

    def told(after_ms: int) -> list[str]:
        return impatient({"violations": {"SPOT": [early | {"after_ms": after_ms}]}})

    assert told(ON_THEIR_WAY_MS) == []
    assert len(told(ON_THEIR_WAY_MS + 1)) == 1
