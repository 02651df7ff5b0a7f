"""The commands of compose and Kubernetes as processes on hosts of their own: some are cut off and brought back."""

import contextlib
import re
import subprocess
import sys
from decimal import Decimal
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import pytest

from services.db import reconcile
from services.settings import PREFIX, Settings, load
from services.usecases.open_demo_trades import open_demo_trades
from tests.api.running import market
from tests.deploy import images
from tests.deploy.hosts import Hosts, hosts, unusable
from tests.relay import relay
from tests.servers import wait_until

WHY_NOT = unusable()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it works here"), pytest.mark.slow]

POSTGRES_PORT, VALKEY_PORT, EXCHANGE_PORT = 15432, 16379, 18080
FLEET = ["scheduler", "worker-cycle", "worker-cycle", "worker-quotes", "worker-rest", "api", "api", "worker-hooks"]
SPEED = 8
CLOSINGS = "SELECT count(*) FROM trades WHERE exit_time IS NOT NULL"


@pytest.fixture
async def network(servers, database_url, redis_url, tmp_path):
    """The gateway with PostgreSQL, Valkey and a simulated exchange, and what processes are told of them."""
    with hosts(tmp_path) as made, contextlib.ExitStack() as closing:
        socket = servers.folder / "postgres" / "data" / ".s.PGSQL.5432"
        if not socket.exists():
            (socket,) = servers.folder.rglob(".s.PGSQL.*[0-9]")
        command = [sys.executable, "-m", "deploy.simulator", "--host", made.gateway, "--port", str(EXCHANGE_PORT)]
        command += ["--parent-dies", "--seed", "11", "--speed", str(SPEED)]
        exchange = closing.enter_context(running(command))
        name = urlsplit(database_url).path.strip("/")
        url = f"http://{made.gateway}:{EXCHANGE_PORT}"
        (tmp_path / "database").write_text(f"postgresql://paperfleet:a@{made.gateway}:{POSTGRES_PORT}/{name}\n")
        (tmp_path / "redis").write_text(f"redis://{made.gateway}:{VALKEY_PORT}/0\n")
        told = {
            "PAPERFLEET_DATABASE_URL_FILE": str(tmp_path / "database"),
            "PAPERFLEET_REDIS_URL_FILE": str(tmp_path / "redis"),
            "PAPERFLEET_SPOT_URL": url,
            "PAPERFLEET_FUTURES_URL": url,
            "PAPERFLEET_MARKET_SPEED": str(SPEED),
            "PAPERFLEET_SCAN_TIMEFRAMES": "",
        }
        valkey = urlsplit(redis_url).path
        async with relay(str(socket), made.gateway, POSTGRES_PORT), relay(valkey, made.gateway, VALKEY_PORT):
            yield made, told
        exchange.stdin.close()


def running(command: list[str]) -> subprocess.Popen[bytes]:
    """The exchange, once it listens."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=images.ROOT)
    process.stdout.readline()
    return process


def start(network: Hosts, told: dict[str, str]) -> dict[str, str]:
    """Every process of the fleet on a host of its own, by the compose file's commands; their addresses."""
    commands, environments = images.commands(), images.environments(network.folder)["compose"]
    addresses = {}
    for number, kind in enumerate(FLEET):
        assert commands["compose"][kind] == commands["kubernetes"][kind]
        host = network.run(f"{kind}-{number}", commands["compose"][kind], environments[kind] | told)
        addresses[f"{kind}-{number}"] = host.address
    return addresses


async def answers(address: str, path: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            answer = await http.get(f"http://{address}{path}")
            return answer.text if answer.status_code == 200 else ""
    except httpx.HTTPError:
        return ""


async def messages_done(address: str) -> float:
    """How many messages a worker has done, as its own metrics tell."""
    told = re.findall(
        r'^paperfleet_messages_total{.*outcome="done".*} (\S+)$', await answers(address, "/metrics"), re.M
    )
    return sum(map(float, told))


async def both_are_seen(address: str) -> bool:
    """Whether the one that was away tells of itself and of the other."""
    return 'paperfleet_fleet_processes{kind="api"} 2.0' in await answers(address, "/metrics")


async def more_than(count: float, address: str) -> bool:
    return await messages_done(address) > count


@pytest.mark.timeout(400)
async def test_cut_off_and_brought_back_every_trade_closes_once(network, database_url, redis_url):
    made, told = network
    environment = images.environments(made.folder)["compose"]["migrate"] | told
    made.run("migrate", images.commands()["compose"]["migrate"], environment)
    assert await wait_until(lambda: made.processes["migrate"].poll() is not None, 60)
    assert made.processes.pop("migrate").returncode == 0, made.log("migrate")

    here = {name: text for name, text in told.items() if not name.endswith("_FILE")}
    here |= {"PAPERFLEET_DATABASE_URL": database_url, "PAPERFLEET_REDIS_URL": redis_url}
    settings = msgspec.structs.replace(load(here), quote_max_age_seconds=Decimal(60))
    async with market(settings) as services:
        assert await open_demo_trades(services) > 20
        addresses = start(made, told)
        apis = [f"{address}:8000" for name, address in addresses.items() if name.startswith("api")]
        for address in apis:
            await wait_until(lambda address=address: answers(address, "/health/ready"), 60)
        with psycopg.connect(database_url, autocommit=True) as connection:
            await wait_until(lambda: connection.execute(CLOSINGS).fetchone()[0] >= 2, 90)
            worker = f"{addresses['worker-cycle-1']}:9100"
            gone = [made.hosts["worker-cycle-1"], made.hosts["api-5"]]
            for host in gone:
                host.cut_off()
            assert not await answers(apis[0], "/health/live")
            before = connection.execute(CLOSINGS).fetchone()[0]
            await wait_until(lambda: connection.execute(CLOSINGS).fetchone()[0] >= before + 3, 60)
            assert await answers(apis[1], "/health/ready"), "the other one serves on"
            for host in gone:
                host.bring_back()
            await wait_until(lambda: answers(apis[0], "/health/ready"), 60)
            done = await messages_done(worker)
            await wait_until(lambda: more_than(done, worker), 60)
            twice = """SELECT trade_id FROM ledger WHERE kind = 'gross_profit' GROUP BY trade_id, part
                       HAVING count(*) > 1"""
            assert connection.execute(twice).fetchall() == []
        await wait_until(lambda: both_are_seen(apis[0]), 60)
        async with services.pool.connection() as connection:
            assert await reconcile.differences(connection) == {}


def test_variables_of_the_compose_file_reach_the_processes(tmp_path):
    environment = images.environments(tmp_path)["compose"]["api"]
    told: Settings = load({name: text for name, text in environment.items() if name.startswith(PREFIX)})
    assert told.api_host == "0.0.0.0"
    assert told.database_url.startswith("postgresql://paperfleet:")
