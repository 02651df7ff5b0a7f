"""Real servers for tests: a throw-away PostgreSQL and Valkey per test process, through the product's own launcher."""

import asyncio
import contextlib
import inspect
import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis

from deploy.local.postgres import Postgres
from deploy.local.process import stop
from deploy.local.valkey import Valkey
from services.db.migrate import upgrade

TEMPLATE = "template_of_tests"


class Servers:
    """Both servers, running in `folder`. A test that kills one starts it again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder, _silent, durable=False)
        self.valkey = Valkey(folder, _silent)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Start both, or the one that a test has killed (`processes[name].kill()`)."""
        with (self.folder / "servers.log").open("ab") as log:
            for server in (self.postgres, self.valkey):
                known = self.processes.get(server.name)
                if known is None or known.poll() is not None:
                    self.processes[server.name] = await server.start(log.fileno())

    async def stop(self) -> None:
        for server in (self.valkey, self.postgres):
            if server.name in self.processes:
                await stop(self.processes[server.name], server.stop_signal, server.stop_seconds)

    def make_template(self) -> None:
        """Migrate one database that every test's own is copied from."""
        self._administer(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self.postgres.url(TEMPLATE))

    @contextlib.contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """URL of a fresh, migrated database; dropped at the end, whoever is still connected.

        `template` is another database to copy, to which nobody may be connected.

        Copied as files: without fsync that takes 25 ms, through the log 130.
        """
        name = f"test_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.postgres.url(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    @contextlib.contextmanager
    def hearing(self) -> Iterator["Heard"]:
        """What PostgreSQL is told meanwhile, statement by statement."""
        self._administer("ALTER SYSTEM SET log_statement = 'all'")
        self._administer("SELECT pg_reload_conf()")
        try:
            yield Heard(self.folder / "servers.log")
        finally:
            self._administer("ALTER SYSTEM RESET log_statement")
            self._administer("SELECT pg_reload_conf()")

    def empty_valkey(self) -> str:
        """URL of Valkey's database 0, emptied (all sixteen are)."""
        with redis.Redis.from_url(self.valkey.url()) as client:
            client.flushall()
        return self.valkey.url()

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type] # a name of ours is put together here


class Heard:
    """The statements in a log, from where it ends now. They are in it before they are carried out."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._place = log.stat().st_size

    def since(self) -> list[str]:
        """The texts of the statements since the last time, in order, without their values."""
        with self._log.open("rb") as log:
            log.seek(self._place)
            text = log.read().decode(errors="replace")
            self._place = log.tell()
        return [found[1] for found in _STATEMENT.finditer(text)]


_STATEMENT = re.compile(r"^[^\t].*\] LOG: +(?:statement|execute [^:]+): (.*(?:\n\t.*)*)", re.MULTILINE)


@contextlib.contextmanager
def running_servers(folder: Path) -> Iterator[Servers]:
    servers = Servers(folder)
    try:
        asyncio.run(servers.start())
        servers.make_template()
        yield servers
    finally:
        asyncio.run(servers.stop())
        shutil.rmtree(folder)


PATIENCE = 4
"""A busy machine is slower, not wrong: deadlines are those of a quiet one, times this."""


async def wait_until(condition: Callable[[], Any], deadline: float = 10.0) -> Any:
    """The first true result of `condition()`, plain or awaitable, asked for until `deadline` seconds have passed.

    Raises AssertionError with the condition's source when they have.
    """
    end = time.monotonic() + PATIENCE * deadline
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return result
        assert time.monotonic() < end, f"not within {deadline} s: {inspect.getsource(condition).strip()}"
        await asyncio.sleep(0.02)


def scrub_environment() -> None:
    """Forget PAPERFLEET_ variables of the caller's shell: a test must not reach somebody's real database."""
    for name in [name for name in os.environ if name.startswith("PAPERFLEET_")]:
        del os.environ[name]


def _silent(_: str) -> None: ...
