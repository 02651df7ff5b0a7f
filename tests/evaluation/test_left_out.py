"""What cannot be had or judged keeps its own pair waiting and no other, and its reason is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.bootstrap import build
from services.coordination import missing
from services.domain.market import Market
from services.domain.path import MINUTE
from services.domain.trade import Trade
from services.domain.walk import Walked
from services.settings import Settings
from services.usecases import judge_paths
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import BARS_MAX, fetch_paths
from services.usecases.sweep_quotes import sweep_quotes
from tests.evaluation.desk import Desk, bar, path
from tests.evaluation.exchange import stage

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def told(services: Any, market: Market) -> dict[str, str]:
    """The code of the reason by symbol."""
    return {symbol: each.code for symbol, each in (await missing.reasons(services.redis, market)).items()}


@pytest.mark.parametrize("bad", ["BTCUSDT", "ETHUSDT"])
async def test_data_that_break_a_rule_hold_up_their_own_pair_alone(
    desk: Desk, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, bad: str
):
    pairs = [desk.instrument("BTCUSDT"), desk.instrument("ETHUSDT")]
    made = {pair.symbol: await desk.add(pair) for pair in pairs}
    paths = [path(pair, 0, 1, [bar(0, "100", "100", "94", "94")]) for pair in pairs]
    walk = judge_paths.walk

    def faulty(trade: Trade, *given: Any, **known: Any) -> Walked:
        assert trade.id != made[bad].id
        return walk(trade, *given, **known)

    async def live() -> set[str]:
        return {symbol for symbol, each in made.items() if (await desk.trade(each.id)).status.is_live}

    async with build(Settings(database_url=database_url, redis_url=redis_url), name="test") as services:
        with monkeypatch.context() as patch:
            patch.setattr(judge_paths, "walk", faulty)
            assert (await evaluate_trades(services, paths)).closed == 1
        assert await live() == {bad}
        assert (await evaluate_trades(services, paths)).closed == 1, "it stayed where it was"
        assert await live() == set()
    assert await desk.violations() == []


@pytest.mark.parametrize(("minutes", "behind"), [(BARS_MAX - 1, {}), (BARS_MAX, {Market.FUTURES: ["BTCUSDT"]})])
async def test_whose_message_was_full_is_behind(desk: Desk, database_url: str, redis_url: str, minutes, behind):
    full = path(desk.instrument("BTCUSDT"), 0, minutes, [])
    async with build(Settings(database_url=database_url, redis_url=redis_url), name="test") as services:
        assert (await evaluate_trades(services, [full])).behind == behind
        assert (await evaluate_trades(services, [full])).behind == {}, "it has moved already"


async def test_a_path_that_does_not_reach_back_is_told_and_the_others_are_not(
    desk: Desk, database_url: str, redis_url: str
):
    gap = path(desk.instrument("BTCUSDT"), 1, 2, [])
    whole = path(desk.instrument("ETHUSDT"), 0, 2, [])
    async with build(Settings(database_url=database_url, redis_url=redis_url), name="test") as services:
        await evaluate_trades(services, [whole])
        assert await told(services, Market.FUTURES) == {}
        await evaluate_trades(services, [gap, whole])
        assert await told(services, Market.FUTURES) == {"BTCUSDT": "gap"}
        assert await told(services, Market.SPOT) == {}


async def test_what_is_not_to_be_had_inside_a_minute_is_asked_for_once_a_message(
    desk: Desk, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    trade = await desk.add(stop="95", target="105")
    either = path(trade.instrument, 0, 1, [bar(0, "100", "106", "94", "100")])
    asked: list[object] = []

    async def nothing(_services: Any, needs: Any, *_known: Any) -> dict[int, Any]:
        asked.extend(needs)
        return {}

    monkeypatch.setattr("services.usecases.evaluate_trades.fetch_finer", nothing)
    async with build(Settings(database_url=database_url, redis_url=redis_url), name="test") as services:
        assert (await evaluate_trades(services, [either])).held == 1
    assert asked == [trade.instrument]


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        ("jump", {"value": "100"}, "quarantined"),
        ("nan", {}, "bad_data"),
        ("500", {}, "exchange"),
    ],
)
async def test_why_a_path_is_not_had_is_told_by_its_code(database_url, redis_url, kind, options, code):
    async with stage(database_url, redis_url, NOON) as exchange, exchange.visit(NOON + 3 * MINUTE) as services:
        await sweep_quotes(services, Market.SPOT)
        await exchange.simulator.add_fault(kind, path_prefix="/api/v3/klines", **options)
        assert await fetch_paths(services, Market.SPOT, ["BTCUSDT"], tail=False, purpose="cycle") == []
        assert await told(services, Market.SPOT) == {"BTCUSDT": code}


async def test_what_the_exchange_forbids_to_ask_is_told_as_such(database_url, redis_url):
    async with stage(database_url, redis_url, NOON) as exchange, exchange.visit(NOON + 3 * MINUTE) as services:
        await exchange.simulator.add_fault("429", path_prefix="/api/v3/klines", retry_after=600)
        for _ in range(2):
            assert await fetch_paths(services, Market.SPOT, ["BTCUSDT"], tail=False, purpose="cycle") == []
        assert await told(services, Market.SPOT) == {"BTCUSDT": "budget"}
