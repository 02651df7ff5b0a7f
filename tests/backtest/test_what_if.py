"""What-ifs: the same signals with other exits, costs and fills, over the same candles as what was."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from services.bootstrap import build
from services.db import accounts, settlement
from services.domain.fees import DEFAULT_FEES, FeeRates
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules
from services.domain.signal import Level, NewSignal, SignalAction
from services.domain.source import SourceSettings
from services.domain.trade import Reason
from services.domain.what_if import Changes
from services.usecases.replay_plans import PlanLine
from services.usecases.sources import ensure_source
from services.usecases.store_signals import Incoming, store_signals
from services.usecases.told_plans import plans_of_source
from services.usecases.void_trade import void_trade
from services.usecases.what_if import Terms, WhatIfError, what_if
from tests.evaluation.desk import START, Desk
from tests.metrics.deals import Deal, closings
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


@pytest.fixture
async def services(database_url, redis_url):
    """On a desk with BTCUSDT; the simulator tells nothing but the time."""
    async with start_simulator(seed=7) as simulator:
        settings = simulator.settings(database_url, redis_url)
        async with build(settings) as built:
            yield built


@pytest.fixture
async def desk(services) -> Desk:
    return await Desk(services.pool).set_up()


@pytest.fixture
def futures(tmp_path) -> Path:
    """A folder in which BTCUSDT perpetuals go as BARS do."""
    write(tmp_path, f"futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-{DAY:%Y-%m-%d}.csv", klines(BARS))
    return tmp_path


async def told(services, user_id: int, *signals: dict, name: str = "mine", **settings: object) -> int:
    """A source of that user with these signals, as if told when the recording begins; its id."""
    source = await ensure_source(services, user_id, name, SourceSettings(**settings))
    said = [
        NewSignal(**({"market_type": Market.FUTURES, "symbol": "BTCUSDT", "direction": Direction.LONG} | each))
        for each in signals
    ]
    stored = await store_signals(services, source.id, [Incoming(b"", each) for each in said])
    assert [each.signal.status for each in stored] == ["ACTIVE"] * len(said)
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET signal_time = %s WHERE source_id = %s", [DAY, source.id])
    return source.id


async def local_owner(services) -> int:
    async with services.pool.connection() as connection:
        return (await accounts.local_owner(connection)).user_id


def asked(services, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | services.settings.to_environment()
    return subprocess.run(
        [PAPERFLEET, "whatif", *arguments], capture_output=True, text=True, timeout=120, env=environment
    )


async def test_a_sources_entries_come_from_the_database(desk, services):
    half = Decimal("0.5")
    levels = (Level(percent=Decimal(2), fraction=half), Level(price=Decimal(40), fraction=half))
    short = {"direction": Direction.SHORT, "take_profits": levels, "leverage": 30}
    await told(
        services,
        await local_owner(services),
        short | {"entry_type": EntryType.LIMIT, "entry_price": Decimal(50), "stop_loss_percent": Decimal(1)},
        short
        | {"entry_price": Decimal(50), "stop_loss": Decimal(51), "cancel_on_target": True, "follow_targets": True},
        {"action": SignalAction.EXIT, "direction": None},
        {"action": SignalAction.EXIT, "direction": Direction.LONG},
        name="scanner:mine",
        leverage_max=3,
        position_size=Decimal(250),
    )
    async with services.pool.connection() as connection:
        found = await plans_of_source(connection, "scanner:mine", None, None)
        later = await plans_of_source(connection, "scanner:mine", DAY + timedelta(hours=1), None)
    assert found.problems == ("2 exits of the source are left out: they end trades, there is nothing to try again",)
    assert (later.problems, later.plans) == ((), ())
    limit, market = found.plans
    assert (limit.entry_type, limit.entry_price, limit.stop_loss) == ("LIMIT", 50, Decimal("50.5"))
    assert [target.price for target in limit.take_profits] == [49, 40]
    assert (market.entry_type, market.entry_price, market.stop_loss) == ("MARKET", None, 51)
    assert market.rules == Rules(follow_targets=True), "nothing cancels an entry at the market"
    assert found.percents.keys() == {market.id}, "a limit's percentages are of the limit"
    assert {(each.symbol, each.direction, each.leverage, each.position_size) for each in found.plans} == {
        ("BTCUSDT", "SHORT", 3, 250)
    }


async def test_exits_and_percentages_of_a_source_are_tried_by_the_command(desk, services, futures):
    """Two percent below the open of 100, which the second minute's low of 99 is not, and the third's of 94 is."""
    plain = {"notes": "a plain market alert: the source completes it"}
    await told(
        services,
        await local_owner(services),
        plain,
        {"stop_loss": Decimal(90), "take_profit": Decimal(103), "entry_price": Decimal(101)},
        {"action": SignalAction.EXIT, "direction": None},
        stop_loss_percent=Decimal(2),
        take_profit_percent=Decimal(4),
    )
    out = futures / "out.jsonl"
    options = ("--data", str(futures), "--was-fill-model", "optimistic", "--trades", str(out))
    done = asked(services, "--source", "mine", *options)
    assert done.returncode == 0, done.stderr
    assert "0 of 2 trades ended otherwise" in done.stdout
    assert "as traded" not in done.stdout
    ends = [json.loads(each)["outcome"] for each in out.read_text().splitlines()]
    assert [(each["status"], Decimal(each["exit_price"])) for each in ends] == [("CLOSED_SL", 98), ("CLOSED_TP", 103)]
    done = asked(services, "--source", "mine", *options, "--stop-percent", "7")
    assert "1 of 2 trades ended otherwise" in done.stdout, done.stdout + done.stderr


async def test_what_was_really_traded_stands_beside_it(desk, services, futures):
    """Of two signals one was traded: 100 USDT from 100 to 103, less 0.05 % of either."""
    source = await told(
        services,
        await local_owner(services),
        *({"stop_loss": Decimal(stop), "take_profit": Decimal(110)} for stop in (95, 90)),
    )
    deals = [Deal(0, 1, Direction.LONG, "mine", Reason.MANUAL, 0, minutes, 103) for minutes in (5, 6, 7)]
    changes = await closings(desk, deals, [desk.account_id])
    async with services.pool.connection() as connection:
        await settlement.settle_and_commit(connection, changes, at=START)
        # One of the first signal, one of no signal, one of the second that an operator struck out.
        await connection.execute(
            """UPDATE trades SET signal_id = (SELECT min(id) FROM signals WHERE source_id = %s) WHERE id = %s""",
            [source, changes[0].after.id],
        )
        await connection.execute(
            """UPDATE trades SET signal_id = (SELECT max(id) FROM signals WHERE source_id = %s) WHERE id = %s""",
            [source, changes[2].after.id],
        )
    await void_trade(services, changes[2].after.id, "it was a test", "anna")
    done = asked(services, "--source", "mine", "--data", str(futures), "--stop-factor", "2")
    assert done.returncode == 0, done.stderr
    head, *lines = [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in table(done.stdout)]
    figures = {name: dict(zip(head[1:], values, strict=True)) for name, *values in lines}
    assert head[1:] == ["as it was", "what if", "as traded"]
    assert figures["Closed trades"] == {"as it was": "2", "what if": "2", "as traded": "1"}
    assert figures["Profit, USDT"]["as traded"] == "2.90"
    assert "As traded: 1 trades that came of 1 of these signals." in done.stdout


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:1] in "│┃" and line]


async def test_one_source_is_tried_though_others_have_its_name(desk, services, futures):
    owner = await local_owner(services)
    signal = {"stop_loss": Decimal(95), "take_profit": Decimal(110)}
    mine = await told(services, owner, signal)
    async with services.pool.connection() as connection:
        cursor = await connection.execute("INSERT INTO users (name, role) VALUES ('anna', 'user') RETURNING id")
        (anna,) = await cursor.fetchone()
    hers = await told(services, anna, signal, signal | {"notes": "another"}, signal | {"notes": "one more"})
    refused = asked(services, "--source", "mine", "--data", str(futures))
    assert refused.returncode == 1
    assert f"give the id of one, {mine} (of local), {hers} (of anna)" in refused.stderr
    for source, trades in ((mine, 1), (hers, 3)):
        done = asked(services, "--source", str(source), "--data", str(futures))
        assert f"0 of {trades} trades ended otherwise" in done.stdout, done.stderr
    unknown = asked(services, "--source", "nobody's", "--data", str(futures))
    assert (unknown.returncode, "there is no source" in unknown.stderr) == (1, True), unknown.stderr
