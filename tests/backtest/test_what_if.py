"""What-ifs: the same signals with other exits, costs and fills, over the same candles as what was."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.bootstrap import build
from services.db import accounts
from services.domain.fees import DEFAULT_FEES, FeeRates
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import Direction
from services.domain.signal import Level, NewSignal, SignalAction
from services.domain.what_if import Changes
from services.settings import Settings
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.replay_plans import PlanLine
from services.usecases.sources import ensure_source
from services.usecases.store_signals import Incoming, store_signals
from services.usecases.what_if import Terms, WhatIfError, plans_of_source, what_if
from tests.replay.desk import DAY, klines, plan
from tests.simulator.recordings import write
from tests.simulator_process import start_simulator

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
AS_EVER = Terms(FillModel.OPTIMISTIC, DEFAULT_FEES)
BARS = ["100 100 100 100", "100 103 99 102", "102 103 94 96", "96 107 96 106", "106 112 105 111", "111 111 110 110"]
"""From 100 down to 94, then up to 112."""


def quietly(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def folder(tmp_path) -> Path:
    write(tmp_path, f"spot/daily/klines/AUSDT/1m/AUSDT-1m-{DAY:%Y-%m-%d}.csv", klines(BARS))
    return tmp_path


def line(**changes: object) -> PlanLine:
    return msgspec.json.decode(json.dumps(plan(**changes)), type=PlanLine)


def tried(folder: Path, changes: Changes, *plans: PlanLine, would: Terms = AS_EVER):
    found = what_if(folder, plans or (line(),), changes, AS_EVER, would, Decimal(1000), quietly, quietly)
    return found, [(each.outcome.status, each.outcome.exit_price) for each in found.would.tried]


def test_nothing_changed_is_what_was(folder):
    found, ends = tried(folder, Changes())
    assert [each.outcome for each in found.would.tried] == [each.outcome for each in found.was.tried]
    assert found.would_summary == found.was_summary
    assert found.otherwise == 0
    assert ends == [("CLOSED_SL", "95")]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        (Changes(stop_factor=Decimal("1.5")), ("CLOSED_TP", "110")),
        (Changes(stop_percent=Decimal(7)), ("CLOSED_TP", "110")),
        (Changes(stop_percent=Decimal(3)), ("CLOSED_SL", "97")),
        (Changes(stop_factor=Decimal("0.2")), ("CLOSED_SL", "99")),
        (Changes(target_factor=Decimal("0.2")), ("CLOSED_TP", "102")),
        (Changes(target_percent=Decimal(1)), ("CLOSED_TP", "101")),
        (Changes(stop_percent=Decimal(10), time_stop=timedelta(minutes=3)), ("CLOSED_EXPIRED", "106")),
        (Changes(stop_percent=Decimal(20), target_percent=Decimal(50), trailing_percent=Decimal(5)), None),
    ],
)
def test_each_change_moves_the_exit_as_it_says(folder, changes, end):
    found, [got] = tried(folder, changes)
    if end is None:
        assert got[0] == "CLOSED_SL"
        assert Decimal(95) < Decimal(got[1]) < Decimal(110)
    else:
        assert (got[0], Decimal(got[1])) == (end[0], Decimal(end[1]))
    assert found.otherwise == 1
    assert [each.outcome.exit_price for each in found.was.tried] == ["95"]


def test_shorts_are_mirrored(tmp_path):
    write(tmp_path, f"futures/um/daily/klines/AUSDT/1m/AUSDT-1m-{DAY:%Y-%m-%d}.csv", klines(BARS))
    short = line(market_type="FUTURES", direction="SHORT", stop_loss="104", take_profit="95")
    _, [end] = tried(tmp_path, Changes(stop_factor=Decimal(2), target_factor=Decimal(2)), short)
    assert (end[0], Decimal(end[1])) == ("CLOSED_SL", Decimal(108))


def test_fees_and_fills_are_compared_too(folder):
    free = Terms(FillModel.OPTIMISTIC, dict.fromkeys(Market, FeeRates(Decimal(0), Decimal(0))))
    found, _ = tried(folder, Changes(), would=free)
    assert found.would_summary.figures.total_fees == 0 < found.was_summary.figures.total_fees
    assert found.would_summary.figures.total_profit_loss == Decimal(-5)
    after_some_range = line(opened_at=(DAY + timedelta(minutes=2)).isoformat())
    harsh, _ = tried(folder, Changes(), after_some_range, would=Terms(FillModel.HARSH, DEFAULT_FEES))
    assert harsh.would_summary.figures.total_profit_loss < harsh.was_summary.figures.total_profit_loss


def test_what_the_changes_make_impossible_is_told_and_left_out_of_both(folder):
    found, ends = tried(folder, Changes(stop_percent=Decimal(2), leverage=1), line(), line(id="b", take_profit="101"))
    assert len(ends) == len(found.was.tried) == 2
    found, ends = tried(folder, Changes(time_stop=timedelta(days=900)))
    assert ends == []
    assert found.was.tried == ()
    assert "time_stop must be" in found.problems[0]
    with pytest.raises(WhatIfError, match="no signals"):
        what_if(folder, [], Changes(), AS_EVER, AS_EVER, Decimal(1), quietly, quietly)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PAPERFLEET, "whatif", *arguments], capture_output=True, text=True, timeout=120, env=dict(os.environ)
    )


def test_the_command_compares_side_by_side(folder):
    signals, out = folder / "signals.jsonl", folder / "out.jsonl"
    other = {"plan": plan(id="b"), "outcome": {"status": "CLOSED_SL"}}
    signals.write_text("\n".join([json.dumps(plan()), json.dumps(other), '{"id": 1}', ""]))
    done = run(str(signals), "--data", str(folder), "--stop-factor", "1.5", "--taker-fee", "0.2", "--trades", str(out))
    assert done.returncode == 0, done.stderr
    assert "2 of 2 trades ended otherwise" in done.stdout
    assert "line 3:" in done.stderr
    assert [json.loads(each)["outcome"]["status"] for each in out.read_text().splitlines()] == ["CLOSED_TP"] * 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "{folder}"], "give either a FILE of signals, or --source NAME"),
        (["{signals}"], "give --data DIR"),
        (["{signals}", "--data", "{folder}", "--stop-factor", "0"], "--stop-factor must be a positive number"),
    ],
)
def test_wrong_options_are_told_in_words(folder, arguments, told):
    signals = folder / "signals.jsonl"
    signals.write_text(json.dumps(plan()))
    done = run(*(each.format(folder=folder, signals=signals) for each in arguments))
    assert (done.returncode, told in done.stderr) == (1, True), done.stderr


async def test_a_sources_signals_come_from_the_database(database_url, redis_url):
    async with start_simulator(seed=7) as simulator:
        settings = Settings(
            database_url=database_url,
            redis_url=redis_url,
            spot_url=simulator.spot_url,
            futures_url=simulator.futures_url,
        )
        async with build(settings) as services:
            await refresh_instruments(services, Market.FUTURES)
            now = await services.clock.now(Market.FUTURES)
            async with services.pool.connection() as connection:
                owner = await accounts.local_owner(connection)
            source = await ensure_source(services, owner.user_id, "scanner:mine")
            half = Decimal("0.5")
            told = [
                NewSignal(
                    market_type=Market.FUTURES,
                    symbol="BTCUSDT",
                    direction=Direction.SHORT,
                    entry_price=Decimal(50000),
                    take_profits=(Level(percent=Decimal(2), fraction=half), Level(price=Decimal(40000), fraction=half)),
                    signal_time=now,
                    leverage=3,
                    **stop,
                )
                for stop in ({"stop_loss_percent": Decimal(1)}, {"stop_loss": Decimal(51000)})
            ]  # fmt: skip
            told.append(
                NewSignal(action=SignalAction.EXIT, market_type=Market.FUTURES, symbol="BTCUSDT", signal_time=now)
            )
            await store_signals(services, source.id, [Incoming(b"", each) for each in told])
            async with services.pool.connection() as connection:
                plans, problems = await plans_of_source(connection, "scanner:mine", None, None)
                later = await plans_of_source(connection, "scanner:mine", now + timedelta(hours=1), None)
    assert problems == []
    assert later == ([], [])
    assert [each.stop_loss for each in plans] == [Decimal(50500), Decimal(51000)]
    assert [[target.price for target in each.take_profits] for each in plans] == [[Decimal(49000), Decimal(40000)]] * 2
    assert {(each.symbol, each.direction, each.leverage, each.entry_type) for each in plans} == {
        ("BTCUSDT", "SHORT", 3, "MARKET")
    }
