"""People at the API while everything breaks: they open trades, move stops and close by hand, and repeat until answered.

Each opening has an Idempotency-Key and is sent again, to whichever API process, until an answer comes; some are sent
again after it. What they were told is kept and held against the books at the end.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.chaos.ground import Ground
from tests.fleet.tape import PAIRS, milliseconds

PAUSE_SECONDS = 0.05
TRIES_MAX = 400
AWAY = (0.004, 0.03)
"""How far, as a share of the price, stops and targets lie."""
EXPECTED = {200, 201, 202, 404, 409, 422, 429}
LAST_ORDERS = timedelta(minutes=20)
"""So long before the market's end people go home."""


class Asked(NamedTuple):
    """What was sent and answered at these times of the market, with that status (0: no answer); `stop` of an edit."""

    sent: datetime
    answered: datetime
    status: int
    stop: Decimal | None = None

    @property
    def may_count(self) -> bool:
        """Whether it may have been done; what is refused must not have been."""
        return self.status in (0, 200, 201, 202, 503)

    def latest(self, end: datetime) -> datetime:
        """When it was done at the latest; what nobody has answered may still be under way."""
        return self.answered if self.status in (200, 201, 202) else end


class Told(msgspec.Struct):
    """What a person was told of one opening, which was first sent at `sent` and answered at `answered`, if it was.

    `is_done`: nothing more is asked about it.
    """

    number: int
    sent: datetime
    answered: datetime | None = None
    answers: list[tuple[int, bytes]] = []
    trade_id: int | None = None
    edits: list[Asked] = []
    closings: list[Asked] = []
    is_done: bool = False


class Crowd:
    """`people` at once. Statuses are counted; whatever is not expected is a violation, 503 unless it `may_refuse`."""

    def __init__(self, ground: Ground, seed: int, people: int, *, may_refuse: bool = True) -> None:
        self.ground = ground
        self.chance = Random(seed)
        self.people = people
        self.told: list[Told] = []
        self.statuses: Counter[int] = Counter()
        self.unexpected: list[str] = []
        self._expected = EXPECTED | ({503} if may_refuse else set())
        self._http = httpx.AsyncClient(verify=False, timeout=15, limits=httpx.Limits(max_connections=people * 2))

    async def act(self) -> None:
        """Until the market is nearly over."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.people):
                    group.create_task(self._person(Random(self.chance.getrandbits(32))))
        finally:
            await self._http.aclose()

    async def _person(self, chance: Random) -> None:
        while (now := self.ground.market_time()) < self.ground.market.end - LAST_ORDERS:
            told = Told(len(self.told), self._earliest())
            self.told.append(told)
            await self._open(told, now, chance)
            if told.trade_id is not None and chance.random() < 0.3:
                await self._edit(told, chance)
            if told.trade_id is not None and chance.random() < 0.3:
                await self._close(told)
            told.is_done = True
            await asyncio.sleep(chance.uniform(0, 4 * PAUSE_SECONDS))

    def price(self, market: str, symbol: str, at: datetime) -> Decimal:
        """The last print of the tape at that time."""
        prints = self.ground.market.tapes[market, symbol]
        return prints[max(bisect_right(prints, (milliseconds(at), Decimal("Infinity"))) - 1, 0)][1]

    async def _open(self, told: Told, now: datetime, chance: Random) -> None:
        market, symbol = chance.choice(list(self.ground.market.tapes))
        sign = 1 if market == "SPOT" else chance.choice((1, -1))
        price = self.price(market, symbol, now)
        body = {
            "market_type": market,
            "symbol": symbol,
            "direction": "LONG" if sign > 0 else "SHORT",
            "stop_loss": self._away(symbol, price, -sign, chance),
            "take_profit": self._away(symbol, price, sign, chance),
            "leverage": 1 if market == "SPOT" else chance.choice((1, 3, 10)),
            "fill_model": "optimistic",
            "notes": f"person {told.number}",
        }
        key = {"Idempotency-Key": f"chaos-{told.number}"}
        for _ in range(1 + (chance.random() < 0.2)):
            answer = await self._ask(
                "POST", "/api/paper-trades/", chance, json=body, headers=key, final=(200, 201, 409, 422)
            )
            if answer is not None and answer.status_code in (200, 201):
                told.answers.append((answer.status_code, answer.content))
                told.trade_id = answer.json()["id"]
                told.answered = told.answered or self._latest()

    def _away(self, symbol: str, price: Decimal, sign: int, chance: Random) -> str:
        tick = Decimal(PAIRS[symbol][1])
        return str(round(price * (1 + sign * Decimal(chance.uniform(*AWAY))) / tick) * tick)

    async def _edit(self, told: Told, chance: Random) -> None:
        trade = msgspec.json.decode(told.answers[0][1])
        sign = 1 if trade["direction"] == "LONG" else -1
        sent = self._earliest()
        price = self.price(trade["market_type"], trade["symbol"], sent)
        stop = self._away(trade["symbol"], price, -sign, chance)
        url = f"/api/paper-trades/{told.trade_id}/"
        answer = await self._ask("PATCH", url, chance, json={"stop_loss": stop}, final=())
        told.edits.append(Asked(sent, self._latest(), _status(answer), Decimal(stop)))

    async def _close(self, told: Told) -> None:
        url, sent = f"/api/paper-trades/{told.trade_id}/close_trade/", self._earliest()
        answer = await self._ask("POST", url, self.chance, json={}, final=())
        told.closings.append(Asked(sent, self._latest(), _status(answer)))

    def _earliest(self) -> datetime:
        """The market's time now, if the clock is as wrong as it may be."""
        return self.ground.market_time() - self.ground.clock_error

    def _latest(self) -> datetime:
        return self.ground.market_time() + self.ground.clock_error

    async def _ask(
        self, method: str, url: str, chance: Random, *, final: tuple[int, ...], **request: Any
    ) -> httpx.Response | None:
        """The answer, asked for again until its status is in `final`; without any, the first one or none."""
        for _ in range(TRIES_MAX if final else 1):
            base = chance.choice(list(self.ground.urls.values()))
            try:
                answer = await self._http.request(method, f"{base}{url}", **request)
            except httpx.TransportError:
                self.statuses[0] += 1
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code not in self._expected:
                self.unexpected.append(f"{method} {url}: {answer.status_code} {answer.text[:200]}")
            if not final or answer.status_code in final:
                return answer
            await asyncio.sleep(PAUSE_SECONDS * 4)
        return None


def _status(answer: httpx.Response | None) -> int:
    return 0 if answer is None else answer.status_code
