"""Store settled funding rates: a trade that ends after a settlement is booked with it, or waits for it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from services.db import funding
from services.db.funding import Clock
from services.domain.errors import InvalidData, Unavailable
from services.domain.funding import Settlement
from services.domain.market import Market
from services.usecases.context import Services

LATE = timedelta(minutes=10)
"""A settlement that is not told this long after its hour was none (exchange time): intervals change unannounced."""

PAGES_MAX = 10
SINGLES_MAX = 100
"""Contracts asked for one by one in a run, where the answer for all did not tell: 500 requests in 5 minutes is all."""

Found = dict[str, list[Settlement]]

log = structlog.get_logger(__name__)


async def settle_funding(services: Services) -> list[str]:
    """Store what has been settled since the last run; symbols whose held trades may go on now.

    Raises Unavailable or InvalidData when the exchange does not tell: the next run asks for the same again.
    """
    following = await services.exchange.next_funding()
    now = await services.clock.now(Market.FUTURES)
    async with services.pool.connection() as connection:
        clocks = await funding.clocks(connection)
        following |= {clock.symbol: None for clock in clocks if clock.ended}
        clocks = [clock for clock in clocks if clock.symbol in following]
        live = await funding.live(connection)
    since = {clock.symbol: begin for clock in clocks if (begin := _since(clock, now)) is not None}
    urgent = [clock.symbol for clock in clocks if clock.instrument_id in live and clock.symbol in since]
    settled = await _settled(services, since, urgent)
    async with services.pool.connection() as connection:
        due = {clock.instrument_id: _due(clock, following[clock.symbol], settled, now) for clock in clocks}
        new = {clock.instrument_id: settled[clock.symbol] for clock in clocks if clock.symbol in settled}
        await funding.store(connection, new, due)
        moved = [
            clock.instrument_id for clock in clocks if clock.symbol in since and due[clock.instrument_id] != clock.due
        ]
        held = await funding.held(connection, moved)
    if new:
        log.info("funding_settled", contracts=len(new), held=held)
    return held


def _since(clock: Clock, now: datetime) -> datetime | None:
    """From when settlements are wanted: the one that is due, or all that trades from before our time have passed."""
    since = clock.due if clock.known else clock.since
    return since if since is not None and since <= now else None


async def _settled(services: Services, since: Mapping[str, datetime], urgent: Sequence[str]) -> Found:
    """The settlements by contract, each from its own time on: asked for all at once, then for the urgent ones."""
    if not since:
        return {}
    found: Found = {}
    begin = min(since.values())
    for _ in range(PAGES_MAX):
        page = await services.exchange.settlements(begin)
        newest = max((each.time for settled in page.values() for each in settled), default=begin)
        for symbol, settled in page.items():
            known = found.setdefault(symbol, [])
            known += [each for each in settled if not known or each.time > known[-1].time]
        if newest <= begin:
            break
        begin = newest
    missing = [symbol for symbol in urgent if symbol not in found][:SINGLES_MAX]
    answers = await asyncio.gather(
        *(services.exchange.settlements(since[symbol], symbol) for symbol in missing), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, dict):
            found |= answer
        elif not isinstance(answer, Unavailable | InvalidData):
            raise answer
    return {
        symbol: wanted
        for symbol, settled in found.items()
        if symbol in since and (wanted := [each for each in settled if each.time >= since[symbol]])
    }


def _due(
    clock: Clock, following: datetime | None, settled: Mapping[str, Sequence[Settlement]], now: datetime
) -> datetime | None:
    """The next settlement that is not stored.

    Funding is settled on the hour. Until the present hour's is told, or too old to come, it counts as due; but not for
    a contract that is wanted from after the hour only.
    """
    due = clock.due if clock.known else clock.since
    if due is None or due > now:
        return following
    hour = now.replace(minute=0, second=0, microsecond=0)
    told = [each.time for each in settled.get(clock.symbol, ())]
    is_complete = due > hour or now - hour >= LATE or (bool(told) and told[-1] >= hour)
    if is_complete and (following is None or following > now):
        return following
    return max(due, hour) if told else due
