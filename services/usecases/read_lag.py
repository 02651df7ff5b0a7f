"""The lag pair by pair: how far its judged path is behind the exchange's present, and why."""

import asyncio
import contextlib
from datetime import datetime

import msgspec

from services.coordination import missing
from services.coordination.missing import Why
from services.db import lag
from services.db.lag import Waiting
from services.domain.errors import Unavailable
from services.domain.halts import Halted
from services.domain.market import InstrumentStatus, Market
from services.usecases.context import Services
from services.usecases.halt import read_halts

LATE_SECONDS = 180.0
"""A pair that is judged each minute is seldom further behind than two; what is not, has no reason to be told."""

CLOCK_SECONDS = 4.0
"""How long an exchange that hangs may hold this up."""


class PairLag(msgspec.Struct, frozen=True, kw_only=True):
    """One pair's lag in exchange seconds (null while the exchange does not tell its time), and its reason.

    in_time      nothing is wrong
    paused       the whole fleet is paused
    halted       the exchange does not trade the pair
    budget       no request could leave: the weight is used up, or the market is paused
    exchange     it gave no answer
    quarantined  a jump waits to be repeated
    bad_data     it sent something impossible
    gap          the path did not reach back to the watermark
    finer_data   a trade waits for data inside a minute
    clock        the exchange does not tell its time, so nobody knows whether the pair is late
    queue        none of these: work waits for a worker
    """

    market_type: Market
    symbol: str
    judged_to: datetime
    seconds: float | None
    live_trades: int
    reason: str
    text: str


async def read_lag(services: Services, limit: int) -> list[PairLag]:
    """The pairs furthest behind that trade or have live trades, the worst first; before them those nobody knows of."""
    paused = next((each for each in await read_halts(services) if each.what is Halted.FLEET), None)
    async with services.pool.connection() as connection:
        rows = await lag.furthest(connection, limit)
    times = dict(zip(Market, await asyncio.gather(*(_time(services, market) for market in Market)), strict=True))
    found = []
    for market, now in times.items():
        told: dict[str, Why] = {}
        with contextlib.suppress(Unavailable):
            told = await missing.reasons(services.redis, market)
        for row in rows:
            if row.market is market:
                why = ("paused", paused.reason) if paused else _reason(row, now, told.get(row.symbol))
                found.append(_lag(row, now, why))
    return sorted(found, key=_urgency)


async def _time(services: Services, market: Market) -> datetime | None:
    """The market's time, if it can be had."""
    with contextlib.suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(CLOCK_SECONDS):
            return await services.clock.now(market)
    return None


def _urgency(pair: PairLag) -> tuple[float, datetime]:
    return (-float("inf") if pair.seconds is None else -pair.seconds), pair.judged_to


def _reason(row: Waiting, now: datetime | None, told: Why | None) -> tuple[str, str]:
    if row.status is not InstrumentStatus.TRADING:
        return "halted", f"{row.status} at the exchange"
    seconds = _seconds(row, now)
    if seconds is not None and seconds < LATE_SECONDS and row.held_from is None:
        return "in_time", ""
    if told is not None:
        return told.code, told.text
    if row.held_from is not None:
        return "finer_data", f"a trade is held from {row.held_from.isoformat()}"
    if seconds is None:
        return "clock", f"the exchange does not tell its {row.market} time"
    return "queue", "no worker has got to it"


def _seconds(row: Waiting, now: datetime | None) -> float | None:
    return None if now is None else round((now - row.judged_to).total_seconds(), 3)


def _lag(row: Waiting, now: datetime | None, why: tuple[str, str]) -> PairLag:
    return PairLag(
        market_type=row.market,
        symbol=row.symbol,
        judged_to=row.judged_to,
        seconds=_seconds(row, now),
        live_trades=row.live_trades,
        reason=why[0],
        text=why[1],
    )
