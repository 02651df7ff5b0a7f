"""Valkey for the local stack: a unix socket in the data folder, nothing on disk: it holds nothing that matters."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from deploy.local.account import server_account
from deploy.local.binaries import ENVIRONMENT, VALKEY, programs
from deploy.local.errors import StackError
from deploy.local.leftover import Tell, stop_leftover
from deploy.local.process import describe_exit, spawn, stop
from deploy.local.sockets import short

SOCKET = "valkey.sock"
SETTINGS = {
    "port": "0",
    "unixsocket": SOCKET,
    "unixsocketperm": "700",
    "daemonize": "no",
    "save": "",
    "appendonly": "no",
    "maxmemory-policy": "noeviction",  # a message must be refused rather than dropped
}


class Valkey:
    """The server of one data folder."""

    name = "valkey"
    stop_signal = signal.SIGTERM
    stop_seconds = 10.0

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._home = folder / "valkey"
        self._lock = folder / "valkey.lock"
        self._tell = tell

    def url(self, database: int = 0) -> str:
        """unix:// URL of a database (0 to 15) of this server."""
        return f"unix://{quote(str(self._socket()))}?db={database}"

    async def start(self, output: int) -> subprocess.Popen[bytes]:
        """Start the server and return when it answers. Raises StackError when it ends while starting."""
        await stop_leftover(self._lock, self.name, self.stop_signal, self._tell)
        account = server_account(self._home)
        (server,) = programs(VALKEY, account)
        self._home.mkdir(mode=0o700, exist_ok=True)
        (self._home / SOCKET).unlink(missing_ok=True)
        if account is not None:
            os.chown(self._home, account.uid, account.gid)
        process = spawn(
            [str(server), *(word for name, value in SETTINGS.items() for word in (f"--{name}", value))],
            environment=ENVIRONMENT,
            output=output,
            die_with=signal.SIGTERM,
            folder=self._home,
            account=account,
            lock=self._lock,
        )
        try:
            await self._ready(process)
        except BaseException:
            await stop(process, self.stop_signal, self.stop_seconds)
            raise
        return process

    def _socket(self) -> Path:
        return short(self._home) / SOCKET

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        while not await _answers(self._socket()):
            if (code := process.poll()) is not None:
                raise StackError(f"Valkey ended while starting ({describe_exit(code)}): see its log")
            await asyncio.sleep(0.01)


async def _answers(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    except ConnectionError:
        return False
    finally:
        writer.close()
