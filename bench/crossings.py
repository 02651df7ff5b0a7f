"""The hands of `bench latency`: open trades over the API, make their pairs jump, and hear of the closings."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from types import TracebackType
from typing import Any

import httpx
import msgspec

from services.domain.market import Market

MINUTE_SECONDS = 60
STOP, TARGET = Decimal("0.97"), Decimal("1.03")
BEYOND = Decimal("0.005")
"""How far beyond the barrier the jump goes, as a share of the price."""
ENTRY_TO_CROSSING_SECONDS = 1.5
OPENING = 6
"""Trades that are opened at a time."""


class Crossing(msgspec.Struct):
    """A trade whose pair was made to jump beyond a barrier `at` a wall time, and when a client was `told_at`."""

    trade_id: int
    market: Market
    fresh: bool
    at: float
    told_at: float | None = None


class Trade(msgspec.Struct, frozen=True):
    """An open trade and the price at which it ends."""

    id: int
    market: Market
    symbol: str
    beyond: Decimal


class Desk:
    """Opens trades, each on a pair nobody has used, and hears every closing on one event stream.

    `http` is a client of the API, `control` of the simulated market; `pairs` are the symbols left, of which it takes.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        control: httpx.AsyncClient,
        chance: random.Random,
        pairs: Mapping[Market, list[str]],
    ) -> None:
        self.crossings: list[Crossing] = []
        self._http = http
        self._control = control
        self._chance = chance
        self._pairs = pairs
        self._told: dict[int, float] = {}
        self._greeted, self._news = asyncio.Event(), asyncio.Event()
        self._gate = asyncio.Semaphore(OPENING)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Desk":
        await self._stack.__aenter__()
        listening = asyncio.create_task(self._listen())
        self._stack.callback(listening.cancel)
        await self._greeted.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def open_all(self, markets: Sequence[Market]) -> list[Trade]:
        """One trade for each of `markets`."""
        return await asyncio.gather(*map(self._open, markets))

    async def next_minute(self, ahead_seconds: float) -> float:
        """Wait until a minute is `ahead_seconds` old; that wall time."""
        begin = (time.time() // MINUTE_SECONDS + 1) * MINUTE_SECONDS + ahead_seconds
        await _until(begin)
        return begin

    async def cross_at(self, trade: Trade, at: float) -> None:
        """Make its pair jump at a wall time."""
        await _until(at)
        await self._cross(trade, fresh=False)

    async def open_and_cross_at(self, market: Market, at: float) -> None:
        """Open one at a wall time, or earlier where it and the jump would not fall into one minute."""
        into = at % MINUTE_SECONDS
        await _until(at - max(0.0, into - (MINUTE_SECONDS - 2 * ENTRY_TO_CROSSING_SECONDS)))
        trade = await self._open(market)
        await asyncio.sleep(ENTRY_TO_CROSSING_SECONDS)
        await self._cross(trade, fresh=True)

    async def all_told(self, within_seconds: float) -> None:
        """Wait until every closing has been heard of, or so many seconds; then the crossings say so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                while any(each.trade_id not in self._told for each in self.crossings):
                    self._news.clear()
                    await self._news.wait()
        for each in self.crossings:
            each.told_at = self._told.get(each.trade_id)
        # What the market itself has closed before is no crossing.
        self.crossings = [each for each in self.crossings if each.told_at is None or each.told_at >= each.at]

    async def _open(self, market: Market) -> Trade:
        async with self._gate:
            symbol = self._pairs[market].pop()
            last = await self._last(market, symbol)
            body: dict[str, Any] = {"market_type": market, "symbol": symbol, "direction": "LONG"}
            body |= {"leverage": 5} if market is Market.FUTURES else {}
            body |= {"stop_loss": f"{last * STOP:f}", "take_profit": f"{last * TARGET:f}"}
            answer = await self._http.post("/api/paper-trades/", json=body)
            assert answer.status_code == 201, answer.text
            rises = self._chance.random() < 0.5
            beyond = last * (TARGET + BEYOND if rises else STOP - BEYOND)
            return Trade(answer.json()["id"], market, symbol, beyond)

    async def _last(self, market: Market, symbol: str) -> Decimal:
        query = {"market_type": market, "symbols": symbol}
        (found,) = (await self._http.get("/api/prices/", params=query)).json()["results"]
        return Decimal(found["last"])

    async def _cross(self, trade: Trade, *, fresh: bool) -> None:
        crossing = Crossing(trade.id, trade.market, fresh, time.time())
        order = {"market": trade.market, "symbol": trade.symbol, "price": f"{trade.beyond:f}"}
        (await self._control.post("/path", json=order)).raise_for_status()
        self.crossings.append(crossing)

    async def _listen(self) -> None:
        async with self._http.stream("GET", "/api/events/", timeout=None) as response:
            async for line in response.aiter_lines():
                self._greeted.set()
                if not line.startswith("data: "):
                    continue
                now, event = time.time(), json.loads(line[6:])
                if event.get("type") == "paper_trade" and event.get("action") == "closed":
                    self._told.setdefault(event["trade"]["id"], now)
                    self._news.set()


async def quoted(http: httpx.AsyncClient, chance: random.Random) -> dict[Market, list[str]]:
    """The symbols of the pairs that are quoted, shuffled."""
    found = {}
    for market in Market:
        prices = (await http.get("/api/prices/", params={"market_type": market})).json()["results"]
        found[market] = chance.sample([each["symbol"] for each in prices], len(prices))
    return found


async def _until(wall_time: float) -> None:
    await asyncio.sleep(max(0.0, wall_time - time.time()))
