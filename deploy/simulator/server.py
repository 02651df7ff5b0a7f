"""Runs the simulated exchange as a server."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvicorn

from deploy.simulator.application import Application
from deploy.simulator.clock import Clock
from deploy.simulator.exchange import Exchange
from deploy.simulator.faults import Faults
from deploy.simulator.listings import recorded_instruments, synthetic_instruments
from deploy.simulator.stage import Stage


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the simulator runs.

    port         0 takes a free one
    seed         of the synthetic prices
    speed        exchange seconds per wall second, 1 .. 1000
    recorded     a folder of recorded market data to serve instead of synthetic prices
    start        exchange time at the start; default: now, or the recording's beginning
    paused       whether the clock stands still at first
    latency_ms   added to every public answer
    parent_dies  whether to end when standard input closes
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 7
    speed: float = 1.0
    recorded: Path | None = None
    start: datetime | None = None
    paused: bool = False
    latency_ms: int = 0
    parent_dies: bool = False


def build(options: Options) -> Application:
    """The application that `options` describe. Raises InvalidData for a folder without recordings."""
    start = None if options.start is None else _milliseconds(options.start)
    if options.recorded is None:
        instruments = list(synthetic_instruments(options.seed))
    else:
        instruments = recorded_instruments(options.recorded)
        start = min(item.tape.source.begin for item in instruments) if start is None else start
    clock = Clock(start, options.speed, paused=options.paused)
    return Application(Stage(Exchange(clock, instruments), Faults(options.seed), options.latency_ms))


async def serve(options: Options) -> None:
    """Serves until SIGTERM, SIGINT or (with `parent_dies`) the end of standard input.

    Prints one JSON line {"spot_url", "futures_url", "control_url", "port"} once it listens.
    Raises InvalidData for a folder without recordings.
    """
    application = build(options)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    config = uvicorn.Config(
        application,
        http="httptools",
        log_level="critical",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    watcher = asyncio.create_task(_end_with_parent(server)) if options.parent_dies else None
    try:
        await server.serve(sockets=[listener])
    finally:
        if watcher is not None:
            watcher.cancel()


class _Server(uvicorn.Server):
    """Tells where it listens, sleeps until it is told to end, and ends with status 0 on a signal."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        host, port = sockets[0].getsockname()[:2]
        base = f"http://{host}:{port}"
        line = {"spot_url": base, "futures_url": base, "control_url": f"{base}/control", "port": port}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    async def main_loop(self) -> None:
        await self._ended.wait()  # the original wakes ten times a second for a date header we write ourselves

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        yield

    def end(self) -> None:
        """Finish the answers under way and stop."""
        self.should_exit = True
        self._ended.set()


async def _end_with_parent(server: _Server) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
    server.end()


def _milliseconds(time: datetime) -> int:
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
