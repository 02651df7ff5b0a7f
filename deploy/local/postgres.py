"""PostgreSQL for the local stack: its settings, its start and its address, a unix socket in the data folder."""

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.local.account import server_account
from deploy.local.binaries import ENVIRONMENT, POSTGRES, programs
from deploy.local.cluster import HERE, USER, check_version, forget_dead_server, is_ready, make_cluster
from deploy.local.errors import StackError
from deploy.local.leftover import Tell, stop_leftover
from deploy.local.process import describe_exit, spawn, stop
from deploy.local.sockets import short

DATABASE = "paperfleet"

MIB = 1024 * 1024
MEMORY_MIB = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": f"{min(1024, max(128, MEMORY_MIB // 16))}MB",  # what 1,000,000 live trades are read through
    "effective_cache_size": f"{MEMORY_MIB // 2}MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "wal_compression": "on",
    "max_wal_senders": "4",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "autovacuum": "on",
    "autovacuum_naptime": "15s",
    "random_page_cost": "1.1",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_startup_progress_interval": "5s",
    "log_checkpoints": "off",
}
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


class Postgres:
    """The server of one data folder. `durable=False` is for data that nobody needs after a crash (tests)."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: rolls back, writes a checkpoint, ends
    stop_seconds = 60.0

    def __init__(self, folder: Path, tell: Tell, *, durable: bool = True) -> None:
        self._folder = folder
        self._data = folder / "postgres"
        self._lock = folder / "postgres.lock"
        self._tell = tell
        self._durable = durable

    def url(self, database: str = DATABASE) -> str:
        """libpq URL of a database of this server."""
        return f"postgresql://{USER}@/{database}?host={quote(str(short(self._data)), safe='')}"

    async def start(self, output: int) -> subprocess.Popen[bytes]:
        """Start the server and return when it takes work; recovery is waited for without limit.

        Raises StackError when the folder was made by another major version or the server ends while starting.
        """
        await stop_leftover(self._lock, self.name, self.stop_signal, self._tell)
        account = server_account(self._data)
        server, initdb = programs(POSTGRES, account)
        if not self._data.exists():
            self._tell("postgres: making the database (once)")
            await make_cluster(initdb, self._data, self._lock, account, output, durable=self._durable)
        check_version(self._data, server)
        forget_dead_server(self._data)
        process = spawn(
            [str(server), "-D", HERE, *_arguments(self._durable)],
            environment=ENVIRONMENT,
            output=output,
            die_with=self.stop_signal,
            folder=self._data,
            account=account,
            lock=self._lock,
        )
        try:
            await self._ready(process)
            await _ensure_database(self.url("postgres"))
        except BaseException:
            await stop(process, self.stop_signal, self.stop_seconds)
            raise
        return process

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        began, told = time.monotonic(), 1.0
        while not is_ready(self._data, process.pid):
            if (code := process.poll()) is not None:
                raise StackError(f"PostgreSQL ended while starting ({describe_exit(code)}): see its log")
            waited = time.monotonic() - began
            if waited >= told:
                self._tell(f"postgres: starting, recovering if it was killed ({waited:.0f} s)")
                told += 1.0
            await asyncio.sleep(0.02)


def _arguments(durable: bool) -> list[str]:
    settings = SETTINGS if durable else SETTINGS | THROW_AWAY
    return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]


async def _ensure_database(url: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            known = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if await known.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error as error:
        raise StackError(f"PostgreSQL runs but does not answer: {error}") from error
