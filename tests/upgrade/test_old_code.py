"""Real old code on the present schema: what runs while an upgrade has got as far as its migration.

The code is that of before each of the last revisions of the schema: its API answers and opens, its worker judges.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import httpx
import psycopg
import pytest

from deploy.local.ports import free_port
from services.bootstrap import build
from services.db.migrate import revisions
from services.domain.market import Market
from services.settings import PREFIX, Settings
from tests.api.running import NOWHERE, exchange, market, order, settings_of_test
from tests.evaluation.desk import Desk
from tests.servers import wait_until
from tests.upgrade.test_last_release import PATHS, envelope, put

ROOT = Path(__file__).parents[2]
VERSIONS = "services/db/migrations/versions"
LAST = 3
"""How many steps of the schema an upgrade may leap over here; a step is what came at once, one revision or several."""
START_SECONDS = 120
LISTS = (
    "paper-trades",
    "paper-trades/open_positions",
    "signals",
    "sources",
    "accounts",
    "instruments?limit=5",
    "webhooks",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def has_history() -> bool:
    return (ROOT / ".git").exists() and git("rev-parse", "--is-shallow-repository").strip() != b"true"


def added(revision: str) -> str | None:
    """The commit that brought the revision, if it is committed."""
    (script,) = (ROOT / VERSIONS).glob(f"r{revision}_*.py")
    found = git("log", "--follow", "--format=%H", "--diff-filter=A", "--", str(script)).decode().split()
    return found[-1] if found else None


def first_of_steps() -> list[str]:
    """The first revisions of the last steps, the newest step first."""
    if not has_history():
        return revisions()[:LAST]
    steps: dict[str | None, str] = {}
    for revision in revisions():
        commit = added(revision)
        if commit not in steps and len(steps) == LAST:
            break
        steps[commit] = revision
    return list(steps.values())


@pytest.fixture(scope="module", params=first_of_steps(), ids=lambda revision: f"before {revision}")
def old(request, tmp_path_factory) -> Path:
    """The folder of the old code. Skips the test where the history does not reach so far."""
    if not has_history():
        pytest.skip("the history is not here: a shallow clone, or no clone at all")
    brought = added(request.param)
    if brought is None:
        pytest.skip("the revision is not committed yet")
    commit = f"{brought}^"
    folder = tmp_path_factory.mktemp("old")
    packed = git("archive", commit, "services", "workers", "api", "deploy", "paperfleet")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    told = subprocess.run(
        [sys.executable, "-c", "from services.db import migrate; print(migrate.__file__, *migrate.revisions())"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    place, *known = told.stdout.split()
    assert Path(place).is_relative_to(folder)
    assert request.param not in known
    return folder


def environment(old: Path, settings: Settings) -> dict[str, str]:
    """What the settings say, as far as the old code has such settings: newer ones stand as they are by default."""
    code = "from services.settings import Settings; print(*Settings.__struct_fields__)"
    known = subprocess.run([sys.executable, "-c", code], cwd=old, capture_output=True, text=True, check=True).stdout
    return {
        name: text
        for name, text in settings.to_environment().items()
        if name.removeprefix(PREFIX).lower() in known.split()
    }


@contextmanager
def process(old: Path, log: Path, words: Sequence[str], settings: Settings, **variables: str) -> Iterator[None]:
    """A process of the old code; it ends in order, and what it said is told where the test fails."""
    command = [sys.executable, "-c", "from paperfleet.cli import main; main()", *words]
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, cwd=old, env=os.environ | environment(old, settings) | variables, stdout=output, stderr=output
        )
        try:
            yield
            assert running.poll() is None, log.read_text()
            running.terminate()
            assert running.wait(60) == 0, log.read_text()
        finally:
            print(log.read_text())  # noqa: T201 - for whoever reads the failure
            running.kill()
            running.wait()


async def test_its_api_answers_lists_and_opens_a_trade(old, database_url, redis_url, tmp_path):
    port = free_port()
    with exchange() as urls:
        settings = settings_of_test(database_url, redis_url, urls)
        async with market(settings) as services:
            price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
            with process(old, tmp_path / "log", ["api"], settings, PAPERFLEET_API_PORT=str(port)):
                transport = httpx.AsyncHTTPTransport(retries=3)
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport) as http:

                    async def ready() -> bool:
                        try:
                            return (await http.get("/health/ready", timeout=30)).is_success
                        except httpx.TransportError:
                            return False

                    await wait_until(ready, START_SECONDS)
                    wish = order("FUTURES", "BTCUSDT", price)
                    opened = await http.post("/api/paper-trades/", json=wish, timeout=30)
                    assert opened.status_code == 201, opened.text
                    for name in LISTS:
                        path, _, query = name.partition("?")
                        answer = await http.get(f"/api/{path}/?{query}", timeout=30)
                        assert answer.status_code == 200, (name, answer.text)
                    (trade,) = (await http.get("/api/paper-trades/", timeout=30)).json()["results"]
                    assert (trade["id"], trade["status"]) == (opened.json()["id"], "OPEN")
                    closed = await http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={}, timeout=30)
                    assert closed.json()["status"] == "CLOSED_MANUAL", closed.text


async def test_its_worker_judges_a_path(old, database_url, redis_url, tmp_path):
    settings = settings_of_test(database_url, redis_url, NOWHERE)
    async with build(settings, name="test") as services:
        desk = await Desk(services.pool).set_up()
        assert desk.instrument("BTCUSDT", Market.FUTURES).id == 3
        trade = await desk.add(stop="95", target="120")
    put(redis_url, "evaluate", "path", envelope("evaluate", "evaluate_trades", (PATHS, "FUTURES", None, None)))
    query = "SELECT profit_loss FROM trades WHERE id = %s AND status = 'CLOSED_SL'"
    with (
        process(old, tmp_path / "log", ["worker", "--queues", "evaluate"], settings),
        psycopg.connect(database_url, autocommit=True) as connection,
    ):
        (net,) = await wait_until(lambda: connection.execute(query, [trade.id]).fetchone(), START_SECONDS)
    assert net < Decimal(0)
