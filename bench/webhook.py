"""An alert posted to a source's webhook until its 202, when it is stored: beside an endpoint that does nothing.

One post at a time on one connection of an idle API, each another signal of its own; in turns with the other endpoint.
"""

import argparse
import asyncio
import itertools

import httpx

from bench.api import Http, timed
from bench.book import SPOT, book, database
from bench.running import api, simulator, valkey
from bench.table import Row
from services.settings import Settings

BOUND_MS = 100.0
IDLE = "/health/live"
TURNS = 3


def run(_: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return "an alert to its 202", asyncio.run(_run())


async def _run() -> list[Row]:
    async with database() as url, book(url, 0, 1), valkey() as redis_url, simulator(1) as urls:
        settings = Settings(
            database_url=url, redis_url=redis_url, spot_url=urls["spot_url"], futures_url=urls["futures_url"]
        )
        async with api(settings) as (port, _):
            path, http, numbers = await _hook(port), await Http.open(port), itertools.count()

            async def post() -> None:
                body = f"symbol=PAIR{SPOT + 1}USDT.P side=buy comment={next(numbers)}"
                await http.post(path, body.encode(), 202)

            turns = [await timed(lambda: http.get(IDLE), post) for _ in range(TURNS)]
    bare, posted = min(turns, key=lambda turn: turn[0].at(50))
    return [
        Row(
            "an alert",
            f"p50 {posted.at(50):.1f} ms, p95 {posted.at(95):.1f} ms, worst turn's p95 "
            f"{max(turn.at(95) for _, turn in turns):.1f} ms",
            f"{IDLE}: p95 {bare.at(95):.2f} ms",
            posted.at(95) / bare.at(95),
            f"p95 <= {BOUND_MS:g} ms",
            posted.at(95) <= BOUND_MS,
        )
    ]


async def _hook(port: int) -> str:
    """The path of the webhook of a new source, which completes alerts without stops."""
    source = {"name": "bench", "stop_loss_percent": "2", "take_profit_percent": "4", "dedup_seconds": 0}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        made = (await client.post("/api/sources/", json=source)).raise_for_status().json()
        secret = await client.post(f"/api/sources/{made['id']}/rotate_secret/")
    path: str = secret.raise_for_status().json()["path"]
    return path
