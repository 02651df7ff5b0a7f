"""Servers, a simulated exchange and worker processes for benchmarks of the whole fleet."""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path as Folder
from typing import Any, cast

import httpx
import msgspec

from deploy.local.process import stop
from deploy.local.valkey import Valkey
from services.settings import Settings


async def weights(control: httpx.AsyncClient, urls: dict[str, str]) -> dict[str, int]:
    """The weight of all requests since the log began, by market, as the exchange counted it."""
    log = (await control.get(f"{urls['control_url']}/log")).json()
    return {market: sum(log["weight_by_minute"].get(market, {}).values()) for market in ("SPOT", "FUTURES")}


@asynccontextmanager
async def valkey() -> AsyncIterator[str]:
    with tempfile.TemporaryDirectory(prefix="paperfleet-bench-") as folder:
        server = Valkey(Folder(folder), lambda _: None)
        with (Folder(folder) / "log").open("wb") as log:
            process = await server.start(log.fileno())
        try:
            yield server.url()
        finally:
            await stop(process, server.stop_signal, server.stop_seconds)


@asynccontextmanager
async def simulator(speed: int) -> AsyncIterator[dict[str, str]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.simulator", "--parent-dies", "--speed", str(speed),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        urls: dict[str, str] = json.loads(await process.stdout.readline())
        yield urls
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def workers(settings: Settings, count: int) -> AsyncIterator[None]:
    program = str(Folder(sys.executable).with_name("paperfleet"))
    processes = [
        await asyncio.create_subprocess_exec(program, "worker", env=settings.to_environment()) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            await process.wait()


@asynccontextmanager
async def api(settings: Settings) -> AsyncIterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = msgspec.structs.replace(settings, api_port=port, log_level="ERROR")
    program = str(Folder(sys.executable).with_name("paperfleet"))
    process = await asyncio.create_subprocess_exec(program, "api", env=settings.to_environment())
    try:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=50)) as http:
            await _ready(http, f"http://127.0.0.1:{port}/health/ready")
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _ready(http: httpx.AsyncClient, url: str) -> None:
    while (await http.get(url)).status_code != 200:
        pass


class Process:
    """A process that answers each JSON line by one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout

    def tell(self, what: object) -> None:
        """Say something that is not answered."""
        self._in.write(json.dumps(what).encode() + b"\n")

    async def ask(self, **what: object) -> dict[str, Any]:
        """Say something and wait for the answer."""
        self.tell(what)
        return cast(dict[str, Any], await self.answer())

    async def answer(self) -> object:
        """The next line that it prints."""
        line = await self._out.readline()
        assert line, "it has died"
        return json.loads(line)


@asynccontextmanager
async def spawned(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    try:
        yield Process(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.terminate()
        await process.wait()
