"""`paperfleet up`: everything on this machine, from servers to screen, until Ctrl-C."""

import asyncio
import signal
import sys
import time
from pathlib import Path

import httpx
import psycopg
from alembic.util.exc import CommandError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from deploy.local.errors import StackError
from deploy.local.fleet import fleet, settings_with, write_environment
from deploy.local.folder import DataFolder, hold
from deploy.local.market_record import BINANCE, RECORDED, normal_market, open_record, save_record
from deploy.local.options import PORT, UpOptions
from deploy.local.ports import HOST, choose_port
from deploy.local.postgres import Postgres
from deploy.local.recording import Span, span
from deploy.local.screen import Screen
from deploy.local.simulator import Simulator
from deploy.local.status import fetch_status
from deploy.local.supervisor import LOOP_DEATHS, Death, Happening, Supervisor
from deploy.local.valkey import Valkey
from services.bootstrap import build
from services.db.migrate import upgrade
from services.domain.errors import Unavailable
from services.settings import Settings
from services.usecases.open_demo_trades import open_demo_trades

SCREEN_SECONDS = 1.0
DEMO_SECONDS = 60
LOOP_LINES = 10
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(options: UpOptions) -> int:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; the exit code (0: stopped as asked, 1: could not run)."""
    screen = Screen(Console())
    try:
        if sys.platform != "linux":  # children that die with their parent, /proc: nothing else has them
            raise StackError("`paperfleet up` needs Linux; elsewhere run it in a container")
        with hold(options.folder) as folder:
            await _until_signalled(_Stack(options, folder, screen))
    except StackError as error:
        screen.say(str(error), style="red")
        return 1
    return 0


class _Stack:
    """One run on a held folder."""

    def __init__(self, options: UpOptions, folder: DataFolder, screen: Screen) -> None:
        self._options = options
        self._folder = folder
        self._screen = screen
        self._simulator: Simulator | None = None
        self._recording: Span | None = None
        self._supervisor = Supervisor(folder.path / "logs", self._tell, self._hear)

    async def run(self) -> None:
        """Start everything and watch it, for ever. Raises StackError."""
        began = time.monotonic()
        market, port = self._check()
        managed = await self._start_servers() | await self._start_market(market)
        settings = settings_with(managed | {"api_host": HOST, "api_port": str(port)})
        write_environment(self._folder.path, settings)
        self._screen.say(f"starting the fleet: {self._options.workers} workers, scheduler, api")
        for together in fleet(settings, self._options.workers):
            await self._supervisor.add(*together)
        async with asyncio.TaskGroup() as watching:
            watching.create_task(self._watch(f"http://{HOST}:{port}", began))
            watching.create_task(self._open_demo_trades(settings))
            if self._simulator is not None:
                watching.create_task(self._simulator.keep_time())
            if self._recording is not None:
                watching.create_task(self._tell_the_end(self._recording))

    async def stop(self) -> None:
        """Stop everything, last started first."""
        self._screen.end()
        self._screen.say("stopping")
        await self._supervisor.stop()
        self._screen.say("stopped")

    def kill(self) -> None:
        """Kill everything at once; what was committed survives that too."""
        self._supervisor.kill()

    def _check(self) -> tuple[str, int]:
        """The market and the port, before anything is started."""
        market = normal_market(self._options.market)
        if market == BINANCE and self._options.speed != 1:
            raise StackError("the real market runs at speed 1")
        if self._options.start is not None and not market.startswith(RECORDED):
            raise StackError("--start is for a recorded market")
        if self._options.workers < 1:
            raise StackError("at least one worker is needed")
        port = choose_port(self._options.port, PORT)
        if self._options.port is None and port != PORT:
            self._screen.say(f"port {PORT} is in use: taking {port}")
        return market, port

    async def _start_servers(self) -> dict[str, str]:
        """PostgreSQL, migrated, and Valkey; their addresses as settings."""
        postgres = Postgres(self._folder.path, self._screen.say)
        valkey = Valkey(self._folder.path, self._screen.say)
        self._screen.say("starting PostgreSQL and Valkey")
        await self._supervisor.add(postgres)
        await self._supervisor.add(valkey)
        self._screen.say("bringing the database up to date")
        try:
            await asyncio.to_thread(upgrade, postgres.url())
        except (SQLAlchemyError, CommandError, Unavailable) as error:  # CommandError: a newer paperfleet was here
            raise StackError(f"the database cannot be brought to this version: {error}") from error
        return {"database_url": postgres.url(), "redis_url": valkey.url()}

    async def _start_market(self, market: str) -> dict[str, str]:
        """The simulator, unless the market is the real one; the settings that lead there."""
        record, begin = open_record(self._folder.path, market), self._options.start
        if begin is not None and record.time_ms is not None:
            raise StackError("--start is for a new data folder: this one goes on where its recording was")
        if market == BINANCE:
            record.time_ms = time.time_ns() // 1_000_000
            save_record(self._folder.path, record)
            return {}
        self._screen.say(f"starting the market: {market}, speed {self._options.speed}")
        if market.startswith(RECORDED):
            self._recording = await asyncio.to_thread(span, Path(market.removeprefix(RECORDED)))
            self._screen.say(self._recording.describe())
        self._simulator = Simulator(self._folder.path, record, self._options.speed, begin)
        await self._supervisor.add(self._simulator)
        urls = self._simulator.urls
        return {"spot_url": urls.spot_url, "futures_url": urls.futures_url, "market_speed": str(self._options.speed)}

    async def _watch(self, url: str, began: float) -> None:
        """Announce the API when it is ready, then keep the numbers on the screen up to date."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while not await _is_ready(client, url):  # noqa: ASYNC110 - another process gets ready
                await asyncio.sleep(0.1)
            self._folder.announce(url)
            self._screen.say(f"paperfleet runs: {url} (after {time.monotonic() - began:.1f} s)", style="bold green")
            self._screen.say(f"data and logs: {self._folder.path}")
            while True:
                self._screen.show(url, await fetch_status(client, url))
                await asyncio.sleep(SCREEN_SECONDS)

    async def _tell_the_end(self, recording: Span) -> None:
        market = self._simulator
        assert market is not None
        while market.time is None or market.time < recording.end:  # noqa: ASYNC110 - another process's time passes
            await asyncio.sleep(SCREEN_SECONDS)
        self._screen.say("the recording has ended: prices stand still, and open trades stay as they are", "yellow")

    async def _open_demo_trades(self, settings: Settings) -> None:
        """On a fresh account, give the person something to look at, as soon as the market answers."""
        end = time.monotonic() + DEMO_SECONDS
        while True:
            try:
                async with build(settings, name="paperfleet up") as services:
                    opened = await open_demo_trades(services)
            except TimeoutError:
                self._screen.say("no demo trades: no prices came in time", style="yellow")
                return
            except (Unavailable, psycopg.OperationalError) as error:
                if time.monotonic() > end:
                    self._screen.say(f"no demo trades: {error}", style="yellow")
                    return
                await asyncio.sleep(SCREEN_SECONDS)
            else:
                if opened:
                    self._screen.say(f"opened {opened} demo trades")
                return

    def _hear(self, name: str, line: str) -> None:
        if self._simulator is not None and name == self._simulator.name:
            self._simulator.hear(line)
        if self._options.verbose:
            self._screen.say(f"{name}: {line}")

    def _tell(self, happening: Happening) -> None:
        if not isinstance(happening, Death):
            self._screen.say(f"{happening.name} runs again (process {happening.pid})", style="green")
            return
        again = f"restarting it in {happening.restart_in_seconds:.1f} s"
        self._screen.say(f"{happening.name} ended ({happening.how}); {again}", style="yellow")
        if happening.deaths == LOOP_DEATHS:  # once: the following deaths will hardly say anything new
            self._screen.say(f"{happening.name} keeps ending; its last lines:", style="red")
            for line in happening.last_lines[-LOOP_LINES:]:
                self._screen.say(f"  {line}")


async def _until_signalled(stack: _Stack) -> None:
    """Run the stack until it fails or a signal asks to stop; a second signal kills what has not ended."""
    asked = asyncio.Event()

    def ask() -> None:
        if asked.is_set():
            stack.kill()
        asked.set()

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, ask)
    work, asking = asyncio.create_task(stack.run()), asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({work, asking}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        asking.cancel()
        work.cancel()
        await asyncio.wait({work, asking})
        await stack.stop()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _is_ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/health/ready")).is_success
    except httpx.HTTPError:
        return False
