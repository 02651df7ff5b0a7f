"""Valkey as the deployment starts it: its users may do what their processes do, and nothing else."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError

from deploy.local.binaries import VALKEY, programs
from deploy.local.ports import free_port
from deploy.local.process import spawn, stop
from services.domain.credentials import Role
from services.domain.market import Market
from services.settings import Login
from tests.access.people import Person, person
from tests.api.running import exchange, market, order, settings_of_test
from tests.api.sse import streaming
from tests.deploy import images
from tests.fleet.fleet import fleet_on, violations
from tests.servers import wait_until

FOLDER = images.ROOT / "deploy/valkey"
MOUNTED, LOCAL = "/etc/valkey", ["--bind", "127.0.0.1"]
PASSWORD, OF_KEDA = 'any/&"thing', "another"
SPEED = 8
CLOSED_SECONDS = 120
BY_ITSELF = {"client|setinfo", "hello", "ping", "select", "multi", "exec", "unsubscribe", "evalsha", "script|load"}
"""What the client library says besides what our code has it say."""
NAMES = {"decr": "decrby", "delete": "del", "scan_iter": "scan"}
"""What the client library makes of some of its methods."""
NO_COMMANDS = {"aclose", "close", "execute", "get_message", "pipeline", "pubsub", "register_script"}
LENGTH = "redis.call('type', KEYS[1]) return redis.call('llen', KEYS[1])"
"""As KEDA asks: by a script that looks what kind of thing there is, and then how long it is."""


@pytest.fixture
def port(tmp_path) -> Iterator[int]:
    """The port of a Valkey that was started as compose and the manifests' reader start theirs."""
    (server,) = programs(VALKEY, None)
    shell, *words = images.compose()["services"]["valkey"]["command"]
    port, secret = free_port(), tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    with (tmp_path / "valkey.log").open("wb") as log:
        process = spawn(
            [
                shutil.which(shell) or shell,
                *(word.replace(MOUNTED, str(FOLDER)) for word in words),
                "--port",
                str(port),
                *LOCAL,
            ],
            environment={
                "PATH": f"{server.parent}:{os.environ['PATH']}",
                "TMPDIR": str(tmp_path),
                "VALKEY_PASSWORD_FILE": str(secret),
                "VALKEY_KEDA_PASSWORD": OF_KEDA,
            },
            output=log.fileno(),
            die_with=signal.SIGKILL,
        )
    try:
        asyncio.run(wait_until(lambda: is_up(port)))
        yield port
    finally:
        asyncio.run(stop(process, signal.SIGTERM, 10))


def is_up(port: int) -> bool:
    try:
        return client(port).ping()
    except redis.ConnectionError:
        return False


def client(port: int, user: str = "paperfleet", password: str = PASSWORD) -> redis.Redis:
    return redis.Redis(port=port, username=user, password=password)


def allowed(user: str) -> set[str]:
    """The commands that the user may give, as the file says."""
    (line,) = [line for line in (FOLDER / "users.acl").read_text().splitlines() if line.startswith(f"user {user} ")]
    return {word[1:] for word in line.split() if word.startswith("+")}


def used() -> set[str]:
    """The commands in the fleet's scripts and code."""
    folders = [images.ROOT / name for name in ("services/coordination", "services/usecases", "workers", "api")]
    scripts = "".join(path.read_text() for folder in folders for path in folder.rglob("*.lua"))
    code = "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    called = set(re.findall(r"""redis\.p?call\(['"](\w+)""", scripts))
    called |= (
        set(re.findall(r"\b_?(?:redis|pipeline|subscription|self\.client)\.([a-z]+(?:_iter)?)\(", code)) - NO_COMMANDS
    )
    return {NAMES.get(name.lower(), name.lower()) for name in called}


def test_processes_come_as_the_fleets_user_to_a_valkey_that_has_it(tmp_path):
    assert f"./deploy/valkey:{MOUNTED}:ro" in images.compose()["services"]["valkey"]["volumes"]
    for told in images.environments(tmp_path).values():
        urls = {Path(each["PAPERFLEET_REDIS_URL_FILE"]).read_text() for each in told.values()}
        assert {urlsplit(url).username for url in urls} == {"paperfleet"}


def test_the_fleet_may_do_what_its_code_does_and_no_more():
    assert allowed("paperfleet") == used() | BY_ITSELF


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG GET *", "SCRIPT KILL", "SCRIPT FLUSH",
        "EVAL return 0", "ACL LIST", "CLIENT LIST", "CLIENT KILL TYPE normal", "SHUTDOWN", "SAVE", "MONITOR",
        "REPLICAOF NO ONE", "FUNCTION FLUSH", "SET other 1", "GET other", "PUBLISH other 1", "RENAME tasks:a tasks:b",
    ],
)  # fmt: skip
def test_the_fleet_may_not(port, command):
    with client(port) as fleet, pytest.raises(NoPermissionError):
        fleet.execute_command(*command.split())


def test_nobody_comes_in_without_a_password_of_their_own(port):
    for user, password in (("default", ""), ("default", PASSWORD), ("paperfleet", OF_KEDA), ("keda", "")):
        with client(port, user, password) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()


def test_the_autoscaler_may_read_how_long_queues_are(port):
    with client(port) as fleet, client(port, "keda", OF_KEDA) as keda:
        fleet.rpush("tasks:fetch", "one", "two")
        assert [keda.eval(LENGTH, 1, f"tasks:{queue}") for queue in ("fetch", "ring")] == [2, 0]
        for command in ("LPOP tasks:fetch", "LRANGE tasks:fetch 0 -1", "LLEN other", "PUBLISH doorbell x", "INFO"):
            with pytest.raises(NoPermissionError):
                keda.execute_command(*command.split())


@pytest.mark.timeout(400)
async def test_the_fleet_works_as_the_user_that_is_shipped(database_url, port, tmp_path):
    with exchange("--speed", str(SPEED)) as urls, contextlib.ExitStack() as closing:
        url = f"redis://paperfleet:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/0"
        settings = msgspec.structs.replace(
            settings_of_test(database_url, url, urls),
            market_speed=Decimal(SPEED),
            login=Login.REQUIRED,
            api_port=free_port(),
            scan_timeframes="",
        )
        async with market(settings) as services:
            fleet = closing.enter_context(fleet_on(settings, tmp_path))
            fleet.spawn("api", "api")
            await fleet.start()
            url = f"http://127.0.0.1:{settings.api_port}"
            await wait_until(lambda: serves(url), 60)
            ada = await person(services, url, "ada", Role.ADMIN)
            quoted = await services.prices.one(Market.FUTURES, "BTCUSDT")
            assert await closed_by_price(ada, quoted.last)
            for path in (
                "system/queues/",
                "system/lag/",
                "system/",
                "prices/",
                "candles/?market_type=SPOT&symbol=BTCUSDT",
            ):
                answer = await ada.http.get(f"/api/{path}")
                assert answer.status_code == 200, answer.text
            await ada.http.aclose()
        await fleet.stop()
        assert violations(settings) == []
    with client(port) as told:
        assert "errorstat_NOPERM" not in told.info("errorstats")


async def serves(url: str) -> bool:
    async with httpx.AsyncClient(base_url=url) as http:
        with contextlib.suppress(httpx.HTTPError):
            return (await http.get("/health/ready")).status_code == 200
    return False


async def closed_by_price(trader: Person, price: Decimal) -> bool:
    """Whether a trade between two close barriers, opened over HTTP, is closed by one of them, as the stream tells."""
    ticket = (await trader.http.post("/api/events/tickets/")).json()["ticket"]
    near = {"stop_loss": f"{price * Decimal('0.9999'):.1f}", "take_profit": f"{price * Decimal('1.0001'):.1f}"}
    async with streaming(trader.http, ticket=ticket) as stream:
        await wait_until(lambda: opens(trader, order("FUTURES", "BTCUSDT", price, **near)), 30)
        while (event := await stream.next_within(CLOSED_SECONDS)).data["action"] != "closed":
            pass
        return event.data["trade"]["status"] in ("CLOSED_SL", "CLOSED_TP")


async def opens(trader: Person, wish: dict[str, object]) -> bool:
    """Whether the trade is opened; not yet where the exchange is slow, or its price just beyond the barriers."""
    answer = await trader.http.post("/api/paper-trades/", json=wish)
    assert answer.status_code in (201, 422, 503), answer.text
    return answer.status_code == 201
