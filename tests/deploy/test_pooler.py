"""Behind a pooler that drops startup options: callers are bound all the same, or nobody is served; the rest is told."""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import psycopg
import pytest

from services.bootstrap import build
from services.domain.finding import Finding, Level
from services.settings import Login, Settings, SettingsError
from services.usecases.examine_sessions import examine_sessions
from tests.api.running import NOWHERE
from tests.docs.blocks import ROOT, blocks
from tests.relay import relay

PAPERFLEET = Path(sys.executable).with_name("paperfleet")
CANCEL = 80877102
"""The code of a request to cancel, in the place of the protocol's version."""


def without_options(startup: bytes) -> bytes:
    """A client's first message, its `options` left out."""
    if int.from_bytes(startup[4:8]) == CANCEL:
        return startup
    words = startup[8:-2].split(b"\0")
    kept = [b"\0".join(pair) for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != b"options"]
    body = startup[4:8] + b"\0".join(kept) + b"\0\0"
    return (len(body) + 4).to_bytes(4) + body


@pytest.fixture
async def pooled(database_url, redis_url):
    """Settings of an API that requires logins, behind such a pooler."""
    database = urlsplit(database_url)
    (folder,) = parse_qs(database.query)["host"]
    async with relay(f"{folder}/.s.PGSQL.5432", first=without_options) as port:
        place = f"@127.0.0.1:{port}{database.path}?sslmode=disable&gssencmode=disable"
        yield Settings(
            database_url=f"postgresql://{database.username}{place}",
            callers_database_url=f"postgresql://paperfleet_api{place}",
            redis_url=redis_url,
            login=Login.REQUIRED,
            **NOWHERE,
        )


@pytest.fixture
def signed_in(database_url):
    """The API's role may sign in; whatever is set on it and on the owner ends with the test."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE paperfleet_api LOGIN")
        yield connection
        connection.execute("ALTER ROLE paperfleet_api NOLOGIN PASSWORD NULL")
        for role in ("paperfleet_api", "CURRENT_USER"):
            connection.execute(f"ALTER ROLE {role} RESET ALL")  # type: ignore[arg-type] # names of the test's own


async def test_an_api_whose_callers_would_not_be_bound_does_not_start(pooled):
    settings = msgspec.structs.replace(pooled, callers_database_url="")
    with pytest.raises(SettingsError, match="PAPERFLEET_CALLERS_DATABASE_URL"):
        async with build(settings, for_callers=True):
            pass
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PAPERFLEET_")}
    process = await asyncio.create_subprocess_exec(
        PAPERFLEET, "api", env=environment | settings.to_environment(), stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 1
    assert b"row-level security does not bind them; let a pooler pass startup options on" in told
    assert b"Traceback" not in told


async def test_callers_with_a_url_of_their_own_are_bound(pooled, signed_in):
    async with build(pooled, for_callers=True) as services:
        for pool, bound in ((services.pool, True), (services.system_pool, False)):
            async with pool.connection() as connection:
                row = await (await connection.execute("SELECT current_user = 'paperfleet_api'")).fetchone()
                assert row == (bound,)


async def test_the_doctor_tells_what_was_dropped_and_what_it_advises_mends_it(pooled, signed_in, database_url):
    direct = msgspec.structs.replace(pooled, database_url=database_url, callers_database_url="")
    assert {each.level for each in await examine_sessions(direct)} == {Level.OK}
    (lock,) = [
        each
        for each in await examine_sessions(msgspec.structs.replace(pooled, callers_database_url=""))
        if each.check == "second_lock"
    ]
    assert (lock.level, "PAPERFLEET_CALLERS_DATABASE_URL" in lock.mend) == (Level.ERROR, True)
    found = await examine_sessions(pooled)
    assert [(each.check, each.level) for each in found] == [
        ("sessions", Level.WARNING),
        ("sessions_for_callers", Level.WARNING),
    ]
    for finding in found:
        assert "idle_in_transaction_session_timeout 0, not 5s" in finding.text
        for statement in finding.mend.split("; "):
            signed_in.execute(statement)
    assert {each.level for each in await examine_sessions(pooled)} == {Level.OK}


async def test_what_the_page_sets_on_the_users_is_all_that_sessions_ask_for(pooled, signed_in):
    (block,) = blocks(ROOT / "docs/deployment.md", "sql")
    signed_in.execute(block.body.replace("ROLE paperfleet SET", "ROLE CURRENT_USER SET"))
    assert await examine_sessions(pooled) == [
        Finding("sessions", Level.OK, "have what they ask for"),
        Finding("sessions_for_callers", Level.OK, "have what they ask for"),
    ]


async def test_sessions_that_cannot_begin_are_told(pooled):
    """Nobody has let the API's role sign in."""
    found = {each.check: each for each in await examine_sessions(pooled)}
    assert found["sessions_for_callers"].level is Level.ERROR
    assert "not permitted to log in" in found["sessions_for_callers"].text
