"""People close, cancel and edit while the evaluation closes and fills: each trade has one end, and all are told it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.sweep_quotes import sweep_quotes
from tests.api.running import Api, market, order, serving
from tests.evaluation.invariants import INVARIANTS
from tests.servers import PATIENCE
from tests.simulator_process import start_simulator

SPEED = 60
"""A minute of the exchange in a second of ours."""
SYMBOL = "BTCUSDT"
SYMBOLS = (SYMBOL, "ETHUSDT", "SOLUSDT")
TRADES = 24
EDITED = 200
AT_ONCE = 12
LEFT_ALONE = 4
"""So many more are left to the path: it is waited for until one of them has ended, however slow the machine."""
COMMANDS_UNTIL = 6.0
NEAR = "0.0006"
"""Part of the price that the path of any hour passes within minutes of the exchange."""
AWAY, BEHIND = ("0.002", "0.006", "0.03"), ("0.0005", "0.003")
"""Parts of the price: the path will touch most of these sooner or later."""

BEYOND_ITS_STOP = """SELECT t.id, e.price, t.stop_loss FROM trade_exits e JOIN trades t ON t.id = e.trade_id
    WHERE e.reason = 'stop_loss' AND e.price > t.stop_loss"""
"""LONGs that a stop has ended above it."""

Answer = tuple[dict[str, Any], str, int, dict[str, Any]]
"""The trade as it was made, what was asked, and how it was answered."""


@pytest.fixture
async def quick(database_url: str, redis_url: str) -> AsyncIterator[tuple[Api, Services]]:
    async with start_simulator(seed=3, speed=SPEED) as simulator:
        more = {"quote_max_age_seconds": Decimal(60), "market_speed": Decimal(SPEED)}
        settings = simulator.settings(database_url, redis_url, **more)
        async with market(settings) as services:
            with serving(settings) as api:
                async with api.http:
                    yield api, services


async def test_one_end_a_trade_whoever_is_first(quick: tuple[Api, Services]):
    api, services = quick
    chance, loop = Random(5), asyncio.get_running_loop()
    for _ in range(LEFT_ALONE):
        await opened(api, services, NEAR, BEHIND[0], limit=False)
    made = [
        await opened(api, services, chance.choice(AWAY), chance.choice(BEHIND), limit=number % 2 == 1)
        for number in range(TRADES)
    ]
    # Whatever the pace of this machine, one of each kind is still there when its command comes.
    made += [await opened(api, services, "0.3", "0.3", limit=limit) for limit in (False, True)]
    until = loop.time() + COMMANDS_UNTIL
    judging = asyncio.create_task(judged(services, until))
    answers = await asyncio.gather(
        *(asked(api, trade, chance.uniform(0.1, COMMANDS_UNTIL - 1)) for trade in made for _ in range(2))
    )
    await judging
    by_path = "SELECT 1 FROM trades WHERE exit_reason IN ('stop_loss', 'take_profit')"
    async with asyncio.timeout(30 * PATIENCE):
        while await rows(services, "SELECT 1 FROM trade_commands") or not await rows(services, by_path):
            await judged(services, loop.time())
    ends = {
        id_: (status, reason)
        for id_, status, reason in await rows(services, "SELECT id, status, exit_reason FROM trades")
    }
    by_hand = {"close_trade": ("CLOSED_MANUAL", "manual"), "cancel_trade": ("CANCELLED", "cancelled")}
    carried_out = {trade["id"]: 0 for trade in made}
    for trade, verb, status, body in answers:
        id_ = trade["id"]
        assert status in (200, 202, 409), body
        if status == 200:
            carried_out[id_] += 1
            assert ends[id_] == by_hand[verb] == (body["status"], body["exit_reason"])
        elif status == 409:
            assert body["code"] == "trade_state", body
    assert max(carried_out.values()) <= 1
    seen = {reason for _, reason in ends.values()}
    assert seen >= {"manual", "cancelled"}, ends
    assert sum(status == 409 for _, _, status, _ in answers) >= 5
    for name, query in INVARIANTS.items():
        assert await rows(services, query) == [], name


async def test_an_edit_that_was_answered_stands_whoever_ends_the_trade(quick: tuple[Api, Services]):
    """Two edits from one version and a closing at the same instant, on each trade, while the path goes on."""
    api, services = quick
    chance, loop, slots = Random(9), asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> list[Answer]:
        """A trade's whole course. Every fourth is left to the path; stops of others are far away."""
        left = number % 4 == 0
        async with slots:
            trade = await opened(api, services, NEAR if left else "0.3", "0", limit=False, symbol=SYMBOLS[number % 3])
            factors = [Decimal(1) + Decimal(chance.choice([-1, 1]) * chance.randint(1, 9)) / 20_000 for _ in range(2)]
            moved = [Decimal(trade["stop_loss"]) * factor for factor in factors]
            wishes = [edited(api, trade, stop) for stop in moved]
            return await asyncio.gather(*wishes, *[] if left else [asked(api, trade, chance.uniform(0, 0.05))])

    done = asyncio.Event()
    judging = asyncio.create_task(judged_until(services, done))
    try:
        answers = [each for told in await asyncio.gather(*map(one, range(EDITED))) for each in told]
    finally:
        done.set()
        await judging
    async with asyncio.timeout(30 * PATIENCE):
        while await rows(services, "SELECT 1 FROM trade_commands"):
            await judged(services, loop.time(), SYMBOLS)
    revisions = {
        (id_, version): stop
        for id_, version, stop in await rows(services, "SELECT trade_id, version, stop_loss FROM trade_revisions")
    }
    seen = dict.fromkeys(("edited", "lost", "closed"), 0)
    for trade, verb, status, body in answers:
        assert status in (200, 202, 409) or body["code"] in ("stop_misplaced", "target_misplaced"), body
        if status == 409:
            assert body["code"] == "trade_state", body
        if (verb, status) == ("edit", 200) and body["stop_loss"] != trade["stop_loss"]:
            assert revisions[trade["id"], body["version"]] == Decimal(body["stop_loss"])
        seen["edited"] += (verb, status) == ("edit", 200)
        seen["lost"] += (verb, status) == ("edit", 409)
        seen["closed"] += (verb, status) == ("close_trade", 200)
    assert min(seen.values()) >= EDITED // 10, seen
    ends = {id_: rest for id_, *rest in await rows(services, "SELECT id, exit_reason, stop_loss FROM trades")}
    for trade, verb, status, _ in answers:
        assert (verb, status) != ("close_trade", 200) or ends[trade["id"]][0] == "manual"
    last = {trade["id"]: Decimal(trade["stop_loss"]) for trade, *_ in answers}
    last |= {id_: stop for (id_, _), stop in sorted(revisions.items())}
    assert {id_: stop for id_, (_, stop) in ends.items()} == last, "a stop is where the last revision put it"
    assert await rows(services, BEYOND_ITS_STOP) == []
    assert {"stop_loss", "manual"} <= {reason for reason, _ in ends.values()}
    for name, query in INVARIANTS.items():
        assert await rows(services, query) == [], name


async def opened(
    api: Api, services: Services, away: str, behind: str, *, limit: bool, symbol: str = SYMBOL
) -> dict[str, Any]:
    """A trade with stop and target so far `away` from its entry; that of a limit lies `behind` the price."""
    while True:
        await sweep_quotes(services, Market.FUTURES)
        entry = (await services.prices.one(Market.FUTURES, symbol)).last * (1 - Decimal(behind) * limit)
        stop, target = entry * (1 - Decimal(away)), entry * (1 + Decimal(away))
        body = order("FUTURES", symbol, entry, stop_loss=str(stop), take_profit=str(target))
        body |= {"entry_type": "LIMIT", "entry_price": str(entry)} if limit else {}
        answer = await api.http.post("/api/paper-trades/", json=body)
        if answer.status_code == 201:
            return answer.json()
        assert answer.json()["code"] in ("stop_misplaced", "target_misplaced"), answer.text  # the price ran away


async def asked(api: Api, trade: dict[str, Any], after: float) -> Answer:
    await asyncio.sleep(after)
    verb = "cancel_trade" if trade["status"] == "PENDING" else "close_trade"
    while True:
        answer = await api.http.post(f"/api/paper-trades/{trade['id']}/{verb}/")
        if answer.status_code != 503:  # which says: not now
            return trade, verb, answer.status_code, answer.json()


async def edited(api: Api, trade: dict[str, Any], stop: Decimal) -> Answer:
    """From the version at which the trade was made: of several, one comes first."""
    headers = {"If-Match": f'"{trade["version"]}"'}
    while True:
        answer = await api.http.patch(
            f"/api/paper-trades/{trade['id']}/", json={"stop_loss": str(stop)}, headers=headers
        )
        if answer.status_code != 503:
            return trade, "edit", answer.status_code, answer.json()


async def judged_until(services: Services, done: asyncio.Event) -> None:
    while not done.is_set():
        await judged(services, asyncio.get_running_loop().time(), SYMBOLS)


async def judged(services: Services, until: float, symbols: Sequence[str] = (SYMBOL,)) -> None:
    """What the fleet does, as fast as it can: quotes, paths with and without the bar in progress."""
    number = 0
    while True:
        number += 1
        await sweep_quotes(services, Market.FUTURES)
        paths = await fetch_paths(services, Market.FUTURES, symbols, tail=number % 2 == 0, purpose="cycle")
        await evaluate_trades(services, paths)
        if asyncio.get_running_loop().time() >= until:
            return


async def rows(services: Services, query: str) -> list[tuple[Any, ...]]:
    async with services.pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()
