"""Backtests: the scanner's signals, judged as plans of a replay are, and told in figures and a report."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from services.binance.dumps import read_klines, read_rates
from services.domain.candles import Timeframe
from services.domain.fills import FillModel
from services.domain.market import Market
from services.scanner.look import look_at_all
from services.scanner.registry import load
from services.usecases.backtest import BacktestError, BacktestOptions, backtest
from services.usecases.recorded_candles import read_candles, sources
from services.usecases.replay import replay
from services.usecases.replay_recording import Recorded, open_folder
from tests.replay.desk import DAY, ms
from tests.scanner.markets import FUTURE, random_walk, recorded
from tests.simulator.recordings import REAL, needs_recordings, write
from tests.simulator_process import Simulator, start_simulator

STRATEGIES = load().strategies
PAPERFLEET = Path(sys.executable).with_name("paperfleet")


def quietly(_done: int, _total: int) -> None:
    pass


def minutes(seed: int, count: int, *, start=DAY) -> list[str]:
    """Rows of a dump: a market that wanders minute by minute."""
    walk = random_walk(seed, count, step=0.002)
    columns = (walk.open, walk.high, walk.low, walk.close, walk.volume)
    return [
        ",".join(
            [str(ms(start + n * timedelta(minutes=1))), *(f"{column[n]:.2f}" for column in columns), "0", "0", "7"]
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three days of a futures pair and one of a spot pair."""
    made = tmp_path_factory.mktemp("recording")
    for day in range(3):
        start = DAY + timedelta(days=day)
        rows = minutes(day, 1440, start=start)
        write(made, f"futures/um/daily/klines/AUSDT/1m/AUSDT-1m-{start:%Y-%m-%d}.zip", rows)
    write(made, f"spot/daily/klines/BUSDT/1m/BUSDT-1m-{DAY:%Y-%m-%d}.csv", minutes(9, 1440))
    return made


def run(folder: Path, strategy: str = "donchian", **options: object):
    chosen = BacktestOptions(**({"timeframe": Timeframe.M5} | options))
    return backtest(folder, STRATEGIES[strategy], chosen, quietly, quietly)


def test_the_signals_are_the_scanners_and_the_outcomes_the_replays(folder, tmp_path):
    found = run(folder)
    series = read_candles(sources(folder, Timeframe.M5)[Market.FUTURES, "AUSDT"], Timeframe.M5)
    assert len(series) == 3 * 288
    expected = {each.closed_at for each in look_at_all(STRATEGIES["donchian"], FUTURE, Timeframe.M5, series)}
    assert {each.plan.opened_at for each in found.trial.tried if each.plan.symbol == "AUSDT"} == expected
    assert {each.plan.direction for each in found.trial.tried if each.plan.symbol == "BUSDT"} == {"LONG"}
    plans, out = tmp_path / "plans.jsonl", tmp_path / "out.jsonl"
    lines = [msgspec.to_builtins(each.plan) for each in found.trial.tried]
    plans.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    replay(folder, plans, out, FillModel.REALISTIC, quietly)
    replayed = [json.loads(line) for line in out.read_text().splitlines()]
    mine = [json.loads(msgspec.json.encode(each.outcome)) for each in found.trial.tried]
    assert mine == replayed
    assert {"CLOSED_SL", "CLOSED_TP"} <= {line["status"] for line in mine}


def test_the_figures_are_those_of_the_trades(folder):
    found = run(folder, capital=Decimal(1000))
    closed = found.trial.closed
    profits = [each.profit for each in closed]
    told = found.summary.figures
    assert told.total_trades == len(closed) > 20
    assert told.total_profit_loss == sum(profits)
    assert told.winning_trades == sum(profit > 0 for profit in profits)
    levels = np.cumsum([1000.0, *map(float, profits)])
    fall = float(np.max(np.maximum.accumulate(levels) - levels))
    assert float(found.summary.drawdown.amount) == pytest.approx(fall)
    assert [float(level) for _, level in found.summary.equity] == pytest.approx(levels)
    assert sum(found.summary.statuses.values()) == len(found.trial.tried) == len(found.signals)
    risked = [
        each.profit / (abs(Decimal(each.outcome.entry_price) - each.plan.stop_loss) * Decimal(each.outcome.quantity))
        for each in closed
    ]
    assert float(told.average_r_multiple) == pytest.approx(float(sum(risked) / len(risked)), abs=1e-4)


def test_one_at_a_time_leaves_no_two_trades_of_a_pair_open(folder):
    every, single = run(folder), run(folder, is_single=True)
    assert 0 < len(single.trial.tried) < len(every.trial.tried)
    ends: dict[str, object] = {}
    for each in single.trial.tried:
        if each.outcome.entry_time is not None:
            if each.plan.symbol in ends:
                assert ends[each.plan.symbol] <= each.plan.opened_at
            ends[each.plan.symbol] = each.outcome.exit_time or DAY + timedelta(days=99)


def test_candles_before_since_warm_up_and_make_no_trades(folder):
    whole, later = run(folder), run(folder, since=DAY + timedelta(days=1))
    cut = [each for each in whole.trial.tried if each.plan.opened_at >= DAY + timedelta(days=1)]
    assert [each.plan for each in later.trial.tried] == [each.plan for each in cut]
    assert 0 < len(cut) < len(whole.trial.tried)


def test_recorded_candles_of_the_timeframe_go_before_minutes(folder, tmp_path):
    source = sources(folder, Timeframe.H1)[Market.FUTURES, "AUSDT"]
    assert source.interval is Timeframe.M1
    made = read_candles(source, Timeframe.H1)
    rows = [
        ",".join(
            [
                str(int(made.open_time[n])),
                *(repr(float(column[n])) for column in (made.open, made.high, made.low, made.close, made.volume)),
                "0",
                "0",
                "7",
            ]
        )
        for n in range(len(made))
    ]
    write(tmp_path, f"futures/um/monthly/klines/AUSDT/1h/AUSDT-1h-{DAY:%Y-%m}.csv", rows)
    hours = sources(tmp_path, Timeframe.H4)[Market.FUTURES, "AUSDT"]
    assert hours.interval is Timeframe.H1
    four = read_candles(hours, Timeframe.H4)
    again = read_candles(source, Timeframe.H4)
    for name in ("open_time", "open", "high", "low", "close"):
        assert np.array_equal(getattr(four, name), getattr(again, name))


@needs_recordings
def test_real_crashes_are_tried_too():
    pairs = frozenset({"FUTURES:LAYERUSDT", "SPOT:ETHUSDT"})
    found = run(REAL, "volume_spike", pairs=pairs)
    assert found.pairs == 2
    assert found.summary.figures.total_trades > 5
    series = recorded("LAYERUSDT", timedelta(minutes=5))
    spikes = STRATEGIES["volume_spike"].signals(series).indices()
    assert {series.time(index) for index in spikes} >= {
        each.candle_time for each in found.signals.values() if each.instrument.symbol == "LAYERUSDT"
    }


async def are_recorded(simulator: Simulator, pair: Recorded, since: str) -> None:
    """The contract's mark price and funding rates are there, and the exchange's."""
    day = datetime.fromisoformat(f"{since[:10]}T00:00+00:00")
    marks = [kline.bar for kline in read_klines(pair.mark.files[0], "1m")]
    span = {"symbol": "BTCUSDT", "startTime": ms(day)}
    rows = await simulator.json("/fapi/v1/markPriceKlines", **span, interval="1m", limit=1440)
    assert [(ms(bar.open_time), bar.low, bar.close) for bar in marks] == [
        (row[0], Decimal(row[3]), Decimal(row[4])) for row in rows
    ]
    rates = [each for file in pair.rates.files for each in read_rates(file) if each[0] >= day]
    told = await simulator.json("/fapi/v1/fundingRate", **span, limit=len(rates))
    assert [(ms(time), rate) for time, rate in rates] == [
        (row["fundingTime"], Decimal(row["fundingRate"])) for row in told
    ]
    assert len(rates) >= 3


async def test_candles_come_from_the_exchange_once(tmp_path):
    async with start_simulator(seed=7) as simulator:
        now = datetime.fromtimestamp(await simulator.now() / 1000, UTC)
        since, kept = f"{now - timedelta(hours=30):%Y-%m-%dT%H:00}", tmp_path / "candles"
        arguments = (
            "donchian", "--since", since, "--timeframe", "15m", "--symbol", "FUTURES:BTCUSDT",
            "--symbol", "SPOT:ETHUSDT", "--keep", str(kept), "--report", str(tmp_path / "report.html"),
            "--trades", str(tmp_path / "trades.jsonl"),
        )  # fmt: skip
        urls = {"PAPERFLEET_SPOT_URL": simulator.spot_url, "PAPERFLEET_FUTURES_URL": simulator.futures_url}
        done = await asyncio.to_thread(command, *arguments, **urls)
        assert done.returncode == 0, done.stderr
        first = (tmp_path / "trades.jsonl").read_text()
        series = read_candles(sources(kept, Timeframe.M15)[Market.FUTURES, "BTCUSDT"], Timeframe.M15)
        begin = int(series.open_time[0])
        rows = await simulator.json(
            "/fapi/v1/klines", symbol="BTCUSDT", interval="15m", startTime=begin, limit=len(series)
        )
        assert [float(row[4]) for row in rows] == list(series.close)
        assert len(series) > 30 * 4 + 90, "the strategy's lookback is before the first signal"
        assert "maintenance brackets: the shipped table" in done.stdout
        assert "no mark price" not in done.stdout
        assert "no funding" not in done.stdout
        await are_recorded(simulator, open_folder(kept)[Market.FUTURES, "BTCUSDT"], since)
        opened = [json.loads(line)["plan"]["opened_at"] for line in first.splitlines()]
        assert opened
        assert min(opened) >= since
        await simulator.clear_log()
        done = await asyncio.to_thread(command, *arguments, **urls)
        assert done.returncode == 0, done.stderr
        asked = sum(each["count"] for each in (await simulator.log())["requests"] if "klines" in each["path"])
        assert asked <= 2 * 2 * 2, "only the days that were not over are asked for again"
        done = await asyncio.to_thread(command, *arguments[:3], "--symbol", "NOSUCHUSDT", **urls)
        assert (done.returncode, "the exchange lists no NOSUCHUSDT" in done.stderr) == (1, True)


def test_what_cannot_be_used_is_told(folder, tmp_path):
    with pytest.raises(BacktestError, match="no recorded data"):
        run(tmp_path)
    with pytest.raises(BacktestError, match=r"not recorded: NOUSDT; there are FUTURES:AUSDT, SPOT:BUSDT"):
        run(folder, pairs=frozenset({"NOUSDT"}))


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PAPERFLEET, "backtest", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **variables},
    )


class Page(HTMLParser):
    """What a report holds: tags, and whatever it would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "action")]


def test_the_command_prints_figures_and_writes_a_report_that_needs_nothing_else(folder, tmp_path):
    report, trades = tmp_path / "report.html", tmp_path / "trades.jsonl"
    done = command(
        "donchian", "--data", str(folder), "--timeframe", "5m", "--set", "channel=30", "--set", "targets_atr=1.5,3",
        "--report", str(report), "--trades", str(trades), "--leverage", "3",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Profit factor" in done.stdout
    text = report.read_text()
    page = Page()
    page.feed(text)
    assert {"svg", "path", "table"} <= set(page.tags)
    assert page.loads == []
    assert "script" not in page.tags
    assert "http" not in text.replace('lang="en"', "")
    lines = [json.loads(line) for line in trades.read_text().splitlines()]
    assert page.tags.count("tr") == len(lines) + 1
    assert {len(line["plan"]["take_profits"]) for line in lines} == {2}
    assert "1.5,3.0" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nosuch", "--data", "{folder}"], "there is no strategy 'nosuch'; there are donchian, ema_adx"),
        (["donchian"], "give --data DIR, a recording; or --since 30d with --symbol"),
        (["donchian", "--data", "{folder}", "--set", "channel=1"], "channel"),
        (["donchian", "--data", "{folder}", "--set", "channel"], "--set takes NAME=VALUE"),
        (["donchian", "--data", "{folder}", "--size", "-1"], "--size must be a positive number"),
        (["donchian", "--data", "{folder}", "--since", "soon"], "--since takes 30d, 2025-02-01"),
        (["donchian", "--data", "{folder}", "--symbol", "NOUSDT"], "not recorded: NOUSDT"),
    ],
)
def test_wrong_options_are_told_in_words(folder, arguments, told):
    done = command(*(each.format(folder=folder) for each in arguments))
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
