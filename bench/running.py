"""Servers, a simulated exchange and worker processes for benchmarks of the whole fleet."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path as Folder

import httpx

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
