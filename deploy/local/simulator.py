"""The simulated exchange as a service of the local stack: its prices and its time go on after any death."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec

from deploy.local.errors import StackError
from deploy.local.fleet import clean_environment
from deploy.local.market_record import CHECKPOINT_SECONDS, RECORDED, MarketRecord, save_record
from deploy.local.ports import free_port
from deploy.local.process import describe_exit, spawn, stop

SILENT = (httpx.HTTPError, msgspec.DecodeError)


class Urls(msgspec.Struct):
    """Base URLs of both markets' REST APIs; the simulator prints them as one line of JSON when it is ready."""

    spot_url: str
    futures_url: str


class Time(msgspec.Struct):
    """The exchange's answer to /fapi/v1/time."""

    serverTime: int  # noqa: N815 - the exchange's own name


class Simulator:
    """The simulator process. It keeps its port over restarts, for the fleet knows it by that.

    `begin` is the exchange time at which a market starts that has not run before.
    """

    name = "market"
    stop_signal = signal.SIGTERM
    stop_seconds = 5.0

    def __init__(self, folder: Path, record: MarketRecord, speed: Decimal, begin: datetime | None = None) -> None:
        self._folder = folder
        self._record = record
        self._speed = speed
        self._begin = begin
        self._port = free_port()
        self._urls: Urls | None = None

    @property
    def urls(self) -> Urls:
        """Where it answers, once it has started."""
        assert self._urls is not None
        return self._urls

    @property
    def time(self) -> datetime | None:
        """Exchange time when it was last looked at."""
        at = self._record.time_ms
        return None if at is None else datetime.fromtimestamp(at / 1000, UTC)

    def hear(self, line: str) -> None:
        """Take a line of its output; the one with its addresses says that it is ready."""
        try:
            self._urls = msgspec.json.decode(line, type=Urls)
        except msgspec.DecodeError:
            return

    async def start(self, output: int) -> subprocess.Popen[bytes]:
        """Start it where its time left off; its output must come back through `hear`. Raises StackError."""
        self._urls = None
        process = spawn(
            [sys.executable, "-m", "deploy.simulator", *self._arguments()],
            environment=clean_environment(),
            output=output,
            die_with=signal.SIGKILL,
        )
        try:
            await self._ready(process)
        except BaseException:
            await stop(process, self.stop_signal, self.stop_seconds)
            raise
        return process

    async def keep_time(self) -> None:
        """Store exchange time each second, for ever."""
        async with httpx.AsyncClient(timeout=CHECKPOINT_SECONDS, trust_env=False) as client:
            while True:
                await asyncio.sleep(CHECKPOINT_SECONDS)
                with contextlib.suppress(*SILENT):  # it is being restarted, or has been told to fail
                    await self._store_time(client)

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        while self._urls is None:
            if (code := process.poll()) is not None:
                raise StackError(f"the simulated market ended while starting ({describe_exit(code)})")
            await asyncio.sleep(0.02)
        # Before anybody has seen a price: else a kill within the first second would let time run backwards.
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                await self._store_time(client)
            except SILENT as error:
                raise StackError(f"the simulated market does not tell its time: {error}") from error

    async def _store_time(self, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{self.urls.futures_url}/fapi/v1/time")
        self._record.time_ms = msgspec.json.decode(answer.raise_for_status().content, type=Time).serverTime
        save_record(self._folder, self._record)

    def _arguments(self) -> list[str]:
        arguments = ["--port", str(self._port), "--speed", str(self._speed)]
        arguments += ["--seed", str(self._record.seed)]
        if self._record.market.startswith(RECORDED):
            arguments += ["--recorded", self._record.market.removeprefix(RECORDED)]
        start = self._record.resume_ms(self._speed, time.time_ns() // 1_000_000)
        begin = self._begin if start is None else datetime.fromtimestamp(start / 1000, UTC)
        if begin is not None:
            arguments += ["--start", begin.isoformat()]
        return arguments
