"""The API's processes are replaced one after the other: whoever asks again when nobody answers sees nothing of it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import pytest

from deploy.local.ports import free_port
from deploy.local.process import exited
from services import endings
from services.domain.market import Market
from services.settings import Settings
from tests.api.running import exchange, market, order, settings_of_test
from tests.fleet.fleet import START_SECONDS, STOP_SECONDS, Fleet, fleet_on, serves, violations
from tests.fleet.listeners import Listener
from tests.servers import wait_until

READERS, WRITERS = 16, 2
EVENTS_MAX = 2
"""A reader cuts its stream after so many at the latest: somebody always asks for one as a process ends."""
EVENTS_BETWEEN = 20
PAUSE_SECONDS = 0.02


@pytest.fixture(scope="module")
def exchange_urls() -> Iterator[dict[str, str]]:
    with exchange() as urls:
        yield urls


@pytest.fixture
def settings(database_url: str, redis_url: str, exchange_urls: dict[str, str]) -> Settings:
    """Of a market whose quotes and an owner whose money last for as long as a test may take."""
    lasting = {"quote_max_age_seconds": Decimal(3600), "starting_balance": Decimal(10_000_000)}
    return msgspec.structs.replace(settings_of_test(database_url, redis_url, exchange_urls), **lasting)


class Writer:
    """Opens trades and closes them, each request with a key, and again until it is done. `refused`: other answers."""

    def __init__(self, urls: Mapping[str, str], price: Decimal, number: int) -> None:
        self.urls = urls
        self.price = price
        self.number = number
        self.chance = Random(number)
        self.done = 0
        self.refused: list[str] = []

    async def write(self) -> None:
        """Until cancelled."""
        body = order("SPOT", "BTCUSDT", self.price, position_size="10")
        async with httpx.AsyncClient(timeout=30) as http:
            for turn in count():
                trade = await self._insist(http, "/api/paper-trades/", body, f"open {self.number} {turn}")
                url = f"/api/paper-trades/{trade['id']}/close_trade/"
                await self._insist(http, url, {}, f"close {self.number} {turn}")
                self.done += 1

    async def _insist(self, http: httpx.AsyncClient, path: str, body: dict[str, object], key: str) -> dict[str, Any]:
        while True:
            base = self.chance.choice(list(self.urls.values()))
            with suppress(httpx.TransportError):
                answer = await http.post(f"{base}{path}", json=body, headers={"Idempotency-Key": key})
                if answer.is_success:  # a close is accepted only, where nobody judges paths
                    return answer.json()
                self.refused.append(f"{path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(PAUSE_SECONDS)


async def replace(fleet: Fleet, name: str, url: str) -> None:
    """SIGTERM, an orderly end, and a successor that serves; only that where there was none."""
    if (process := fleet.processes.pop(name, None)) is not None:
        process.terminate()
        assert await asyncio.wait_for(exited(process), STOP_SECONDS) == 0
    fleet.spawn(name, "api", api_port=urlsplit(url).port)
    await wait_until(lambda: serves(url), START_SECONDS)


async def test_apis_replaced_one_after_the_other_refuse_nobody_and_lose_no_event(settings: Settings, tmp_path: Path):
    urls = {f"api-{number}": f"http://127.0.0.1:{free_port()}" for number in (1, 2)}
    async with market(settings) as services:
        price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    writers = [Writer(urls, price, number) for number in range(WRITERS)]
    with psycopg.connect(settings.database_url, autocommit=True) as looking, fleet_on(settings, tmp_path) as fleet:

        def told() -> int:
            return looking.execute("SELECT event_seq FROM accounts WHERE id = 1").fetchone()[0]

        def refused() -> list[str]:
            return [each for writer in writers for each in writer.refused]

        (epoch,) = looking.execute("SELECT epoch FROM system").fetchone()
        readers = [Listener(urls, epoch, seed, events_max=EVENTS_MAX, may_refuse=False) for seed in range(READERS)]
        for name, url in urls.items():
            await replace(fleet, name, url)
        writing = [asyncio.create_task(writer.write()) for writer in writers]
        reading = [asyncio.create_task(reader.listen()) for reader in readers]
        try:
            for name, url in urls.items():
                enough = told() + EVENTS_BETWEEN
                await wait_until(lambda: told() > enough or refused())  # noqa: B023 - done within the turn
                await replace(fleet, name, url)
            await endings.end(writing)
            await wait_until(lambda: all(reader.seen == told() for reader in readers) or refused(), 30)
        finally:
            await endings.end([*writing, *reading])
        await fleet.stop()
        (trades,) = looking.execute("SELECT count(*) FROM trades").fetchone()
    assert refused() == []
    assert [wrong for reader in readers for wrong in reader.violations] == []
    assert all(reader.cuts > 5 for reader in readers)
    assert 0 <= trades - sum(writer.done for writer in writers) <= WRITERS
    assert violations(settings) == []
