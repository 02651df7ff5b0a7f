"""Every command of the documentation is executed, on one running fleet; what cannot be says why in its source."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.docs.blocks import PAGES, ROOT, blocks, fenced
from tests.e2e.test_up import running
from tests.replay.desk import DAY, klines, plan
from tests.servers import wait_until
from tests.simulator.recordings import write

BLOCK_SECONDS = 300
ATTEMPTS, WAIT_SECONDS = 6, 5
PUT = {
    "--since 30d --symbol": "--since 2h --symbol",
    "--since 30d --data": f"--since {DAY:%Y-%m-%d} --data",
    "tgram://TOKEN/CHAT": "ntfys://push.paperfleet.dev/phone",
}
"""What runs in place of what the pages say: less history, the recording's day, a host that is nobody's."""
TRY_AGAIN = re.compile(r"TimeoutError|no request may leave|has not told its|no_fresh_price")
WITH_COMMANDS = [page for page in PAGES if any(not block.reason for block in blocks(page))]

# What a person has in their shell: the address, and programs that say when they fail. A stream is watched briefly; a
# doctor may find something on a machine that runs tests.
PRELUDE = """
set -euo pipefail
curl() {
  case " $* " in
    *" -sN "*) command curl --max-time 3 "$@" || [ $? = 28 ] ;;
    *) command curl --fail-with-body "$@" ;;
  esac
}
paperfleet() { command paperfleet "$@" || { [ "$1" = doctor ] && [ $? -le 2 ]; }; }
command -v jq > /dev/null || jq() { cat > /dev/null; }
"""


class Desk:
    """A folder like a clone of the repository, beside whose `paperfleet up` somebody reads the documentation."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        told = (folder / ".paperfleet/settings.env").read_text()
        self.environment = dict(
            word.split("=", 1) for line in told.splitlines() for word in shlex.split(line, comments=True) if "=" in word
        )

    def run(self, body: str) -> subprocess.CompletedProcess[str]:
        """The commands, in the shell that a reader has."""
        text = re.sub(r"(http://)?(127\.0\.0\.1|localhost):8000", self.url, body)
        for told, put in PUT.items():
            text = text.replace(told, put)
        return subprocess.run(
            ["bash", "-c", PRELUDE + text],
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("PAPERFLEET_")},
                **self.environment,
                "PATH": f"{self.folder}/.venv/bin:{os.environ['PATH']}",
                "URL": self.url,
                "EMPTY": self.empty,
            },
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
        )

    async def patiently(self, body: str) -> subprocess.CompletedProcess[str]:
        """The same, again where the machine was too busy or the fleet had used up what it may ask the exchange."""
        for _ in range(ATTEMPTS):
            done = self.run(body)
            if done.returncode == 0 or not TRY_AGAIN.search(done.stdout + done.stderr):
                break
            await asyncio.sleep(WAIT_SECONDS)
        return done

    @property
    def database(self) -> str:
        return self.environment["PAPERFLEET_DATABASE_URL"]

    empty = ""

    def prepare(self) -> None:
        """What the pages take for given: an empty database, recordings, plans, a signal, and a closed trade 4711."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("CREATE DATABASE empty TEMPLATE template0")
            connection.execute("SELECT setval(pg_get_serial_sequence('trades', 'id'), 4710)")
        self.empty = re.sub(r"/paperfleet(\?|$)", r"/empty\1", self.database)
        assert self.empty != self.database
        with httpx.Client(base_url=self.url, timeout=30) as http:
            price = float(http.get("/api/prices/?market_type=FUTURES&symbols=ETHUSDT").json()["results"][0]["last"])
            wish = {"market_type": "FUTURES", "symbol": "ETHUSDT", "direction": "LONG"}
            wish |= {"stop_loss": f"{price / 2:.2f}", "take_profit": f"{price * 2:.2f}"}
            self._close_number_4711(http, wish)
            said = {"source": "scanner:donchian", "market_type": "FUTURES", "symbol": "ETHUSDT", "direction": "LONG"}
            http.post(
                "/api/signals/", json=said | {"stop_loss_percent": "1", "take_profit_percent": "1"}
            ).raise_for_status()
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("UPDATE signals SET signal_time = %s", [DAY])
        data = self.folder / "DATA_DIR"
        rows = klines([f"100 {102 + n % 7} {98 - n % 5} {100 + n % 3}" for n in range(1440)])
        for place in ("spot", "futures/um"):
            for symbol in ("AUSDT", "BTCUSDT", "ETHUSDT"):
                write(data, f"{place}/daily/klines/{symbol}/1m/{symbol}-1m-{DAY:%Y-%m-%d}.csv", rows)
        line = re.sub(r"\s+", " ", str(plan()).replace("None", "null").replace("'", '"'))
        for name in ("plans.jsonl", "trades.jsonl"):
            (self.folder / name).write_text(f"{line}\n")
        answer = '[{"symbol": "BTCUSDT", "brackets": [{"bracket": 1, "initialLeverage": 125, "notionalCap": 50000,'
        answer += ' "notionalFloor": 0, "maintMarginRatio": 0.004, "cum": 0.0}]}]'
        (self.folder / "leverageBracket.json").write_text(answer)

    @staticmethod
    def _close_number_4711(http: httpx.Client, wish: dict[str, str]) -> None:
        """Demo trades may be opening still, and take the number; a machine that runs tests may be slow to answer."""
        deadline = time.monotonic() + 120
        while True:
            opened = http.post("/api/paper-trades/", json=wish)
            if opened.is_success and opened.json()["id"] >= 4711:
                url = f"/api/paper-trades/{opened.json()['id']}/close_trade/"
                while not http.post(url, json={}).is_success:
                    assert time.monotonic() < deadline
                return
            assert time.monotonic() < deadline, opened.text


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "deploy").symlink_to(ROOT / "deploy")
    with running(folder / ".paperfleet", folder / "up.log") as up:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"paperfleet runs: (http://[\d.:]+)", up.output())):
            assert time.monotonic() < deadline, up.output()
            time.sleep(0.1)
        while "demo trades" not in up.output() and time.monotonic() < deadline:
            time.sleep(0.1)
        made = Desk(folder, found[1])
        made.prepare()
        yield made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
async def test_the_commands_of_a_page_run(desk, page):
    for block in blocks(page):
        if block.reason:
            continue
        done = await desk.patiently(block.body)
        assert done.returncode == 0, (
            f"{block.page}:{block.line}\n{block.body}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )
    desk.run("paperfleet resume")
    async with httpx.AsyncClient(base_url=desk.url) as http:
        ready = await wait_until(lambda: http.get("/health/ready"), 30)
    assert ready.status_code == 200, "what a page has its reader do leaves the fleet at work"


@pytest.mark.slow
def test_the_strategy_of_a_page_finds_trades(desk):
    (strategy,) = blocks(ROOT / "docs/scanner.md", "python")
    (desk.folder / "own").mkdir()
    (desk.folder / "own/highs.py").write_text(strategy.body)
    own = "--strategies own --data DATA_DIR --timeframe 5m --set bars=2 --trades highs.jsonl"
    done = desk.run(f"paperfleet backtest highs {own}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (desk.folder / "highs.jsonl").read_text()


@pytest.mark.slow
def test_the_plan_of_a_page_is_taken_and_its_error_is_answered(desk):
    (plan,) = blocks(ROOT / "docs/replay.md", "json")
    (desk.folder / "plan.jsonl").write_text(json.dumps(json.loads(plan.body)))
    done = desk.run("paperfleet replay DATA_DIR --plans plan.jsonl --out outcome.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((desk.folder / "outcome.jsonl").read_text())["id"] == "a"
    (error,) = blocks(ROOT / "docs/api.md", "json")
    wrong = {"market_type": "FUTURES", "symbol": "BTCUSDT", "direction": "LONG", "entry_type": "LIMIT"}
    wrong |= {"entry_price": "64000", "stop_loss": "65000", "take_profit": "70000"}
    answer = httpx.post(f"{desk.url}/api/paper-trades/", json=wrong)
    assert answer.json() == json.loads(error.body)


def test_every_block_is_of_a_kind_that_is_tried():
    """Those without a language show what is printed, or how a folder lies."""
    found = {}
    for page in PAGES:
        for block in fenced(page):
            found.setdefault(block.language, set()).add(page.name)
            if block.language == "json":
                json.loads(block.body)
    del found["sh"]
    assert found == {
        "python": {"client.md", "scanner.md"},
        "json": {"api.md", "notifications.md", "replay.md"},
        "sql": {"deployment.md"},
        "": {"README.md", "replay.md", "deployment.md"},
    }


def test_reasons_are_reasons():
    found = [block for page in PAGES for block in blocks(page)]
    assert len(found) > 25
    assert sum(not block.reason for block in found) > len(found) / 3
    assert all(len(block.reason.split()) >= 3 for block in found if block.reason)
