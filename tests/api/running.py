"""A running API for tests: our own server on a free port, in a thread of the test process."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from api.app import create_app
from api.deadline import REQUEST_SECONDS
from api.server import Server, listen
from services.bootstrap import build
from services.domain.market import Market
from services.settings import Settings
from services.usecases.context import Services
from services.usecases.refresh_instruments import refresh_instruments
from services.usecases.sweep_quotes import sweep_quotes

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
_SERVE = "from api.server import serve; from services.settings import load; serve(load())"
NOWHERE = {"spot_url": "http://127.0.0.1:9", "futures_url": "http://127.0.0.1:9"}
"""An exchange that is away."""


class Api:
    """A served API and a way to ask it."""

    def __init__(self, url: str, server: Server, app: Litestar) -> None:
        self.url = url
        self.server = server
        self.app = app
        self.http = httpx.AsyncClient(base_url=url, timeout=30)


@contextmanager
def serving(
    settings: Settings, *, stall_seconds: float = 20.0, request_seconds: float = REQUEST_SECONDS
) -> Iterator[Api]:
    """Serve for the duration of the context, which begins when it is ready."""
    listener = listen("127.0.0.1", 0)
    app = create_app(settings, stall_seconds=stall_seconds, request_seconds=request_seconds)
    server = Server(app, settings.trusted_proxies)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", server, app)
    try:
        _wait_until_ready(api.url, thread)
        yield api
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive(), "the server did not end"


@asynccontextmanager
async def process(settings: Settings, port: int, code: str = _SERVE) -> AsyncIterator[asyncio.subprocess.Process]:
    """An API at `port` as a process of its own, which runs `code`; killed at the end if it still runs."""
    environment = os.environ | settings.to_environment() | {"PAPERFLEET_API_PORT": str(port)}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, env=environment)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _wait_until_ready(url: str, thread: threading.Thread) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as http:
        while thread.is_alive():
            if http.get(f"{url}/health/ready", timeout=START_SECONDS).is_success:
                return
    raise AssertionError("the server did not start")


def settings_of_test(database_url: str, redis_url: str, exchange_urls: dict[str, str]) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        spot_url=exchange_urls["spot_url"],
        futures_url=exchange_urls["futures_url"],
        quote_max_age_seconds=Decimal(60),
    )


@asynccontextmanager
async def market(settings: Settings) -> AsyncIterator[Services]:
    """What a worker would have: the instruments are listed and the quotes swept once."""
    async with build(settings, name="test") as services:
        for each in Market:
            await refresh_instruments(services, each)
            await sweep_quotes(services, each)
        yield services


@contextmanager
def exchange(*options: str) -> Iterator[dict[str, str]]:
    """A simulated exchange as a process; its URLs."""
    command = [sys.executable, "-m", "deploy.simulator", "--parent-dies", "--seed", "11", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def order(market_type: str, symbol: str, price: Decimal, **changes: object) -> dict[str, object]:
    """The body of a LONG that neither stop nor target will reach soon."""
    body = {
        "market_type": market_type,
        "symbol": symbol,
        "direction": "LONG",
        "stop_loss": str(price / 2),
        "take_profit": str(price * 2),
    }
    return body | changes


async def pages(
    api: Api, url: str, between: Callable[[], Awaitable[None]] | None = None, **query: object
) -> list[dict[str, Any]]:
    """All results page by page; `between` is awaited after the first."""
    results, cursor = [], None
    while True:
        page = (await api.http.get(url, params=query | ({"cursor": cursor} if cursor else {}))).json()
        results += page["results"]
        if (cursor := page["next"]) is None:
            return results
        if between is not None:
            await between()
            between = None
