"""PostgreSQL and Redis over TLS: every process checks who answers, by the file that its settings name."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis
from psycopg.conninfo import conninfo_to_dict

from deploy.local.ports import free_port
from services.coordination import processes
from services.coordination.connection import blocking_client, redis_client
from services.db.migrate import upgrade
from services.settings import Settings, load
from tests.api.running import NOWHERE
from tests.certificates import certificate, ending_tls
from tests.deploy import images
from tests.docs.blocks import blocks
from tests.fleet.fleet import fleet_on
from tests.relay import relay
from tests.servers import wait_until


@pytest.fixture
async def settings(database_url, redis_url, tmp_path):
    """Both servers at ports that speak TLS only, as `localhost`, and settings that trust them."""
    own = certificate(tmp_path, "localhost")
    database = urlsplit(database_url)
    (folder,) = parse_qs(database.query)["host"]
    async with (
        relay(f"{folder}/.s.PGSQL.5432", tls=ending_tls(own, alpn="postgresql")) as postgres,
        relay(urlsplit(redis_url).path, tls=ending_tls(own)) as valkey,
    ):
        # The proxy speaks TLS from the first byte on, as PostgreSQL itself need not.
        query = f"sslmode=verify-full&sslrootcert={own}&sslnegotiation=direct"
        yield Settings(
            database_url=f"postgresql://{database.username}@localhost:{postgres}{database.path}?{query}",
            redis_url=f"rediss://localhost:{valkey}/0",
            redis_ca_file=str(own),
            api_port=free_port(),
            **NOWHERE,
        )


async def test_the_fleet_works_over_tls(settings, tmp_path):
    await asyncio.to_thread(upgrade, settings.database_url)
    with fleet_on(settings, tmp_path) as fleet:
        fleet.spawn("api", "api")
        await fleet.start(workers=1)
        async with redis_client(settings) as client:

            async def all_are_there() -> bool:
                kinds = {each.kind for each in await processes.alive(client)}
                return kinds >= {"api", "scheduler", "worker"} and await client.exists("tasks:__heartbeats__") == 1

            await wait_until(all_are_there, 30)
        await fleet.stop()


async def test_nobody_else_is_taken_for_the_server(settings, tmp_path):
    strange = str(certificate(tmp_path, "strange"))
    for trusted, url in ((strange, settings.redis_url), (settings.redis_ca_file, _by_address(settings.redis_url))):
        doubting = Settings(database_url="", redis_url=url, redis_ca_file=trusted)
        async with redis_client(doubting) as client:
            with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
                await client.ping()
        with blocking_client(url, trusted) as blocking, pytest.raises(redis.ConnectionError, match="verify failed"):
            await asyncio.to_thread(blocking.ping)
    for url in (settings.database_url.replace(settings.redis_ca_file, strange), _by_address(settings.database_url)):
        with pytest.raises(psycopg.OperationalError, match=r"certificate verify failed|does not match host name"):
            await psycopg.AsyncConnection.connect(url)


def test_the_settings_of_the_page_are_settings(tmp_path):
    (block,) = [each for each in blocks(images.ROOT / "docs/deployment.md", "") if "rediss://" in each.body]
    text = block.body.replace("/etc/trusted/valkey.pem", str(certificate(tmp_path, "valkey.example")))
    told = load(dict(line.split("=", 1) for line in text.splitlines()))
    assert urlsplit(told.redis_url).username == urlsplit(told.database_url).username == "paperfleet"
    of_database = conninfo_to_dict(told.database_url)
    assert (of_database["sslmode"], of_database["sslrootcert"]) == ("verify-full", "/etc/trusted/postgres.pem")


def _by_address(url: str) -> str:
    """The same server by a name that its certificate does not bear."""
    return url.replace("localhost:", "127.0.0.1:")
