"""Fetch what happened inside minutes whose bar does not tell: once per instrument and minute, for all its trades."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from services.binance.errors import RequestRefused
from services.db import finer_gaps
from services.db.finer_gaps import Minute
from services.domain.coverage import LAG_MAX
from services.domain.errors import InvalidData, Unavailable
from services.domain.finer import is_whole
from services.domain.judge import Need
from services.domain.market import Instrument, Market
from services.domain.path import Bar, Finer, Resolution
from services.usecases.context import Services
from services.usecases.judge_paths import FinerData

FUTURES_PRINTS_KEPT = timedelta(hours=23)
"""Futures keep aggregate trades for about 24 hours; a minute about to fall out counts as gone."""

YOUNG = LAG_MAX
"""An empty answer about a minute this young may only be late: it proves nothing."""

HOPELESS, HOPELESS_ANSWERS = timedelta(hours=1), 10
"""A minute of which the exchange answers only nonsense, or refuses it, for so long and so often has nothing finer."""

log = structlog.get_logger(__name__)


async def fetch_finer(
    services: Services,
    needs: Mapping[Instrument, set[Need]],
    have: FinerData,
    bars: Mapping[Minute, Bar],
) -> dict[int, dict[datetime, Finer]]:
    """What can be had of `needs`, finer than what we `have`. Passing failures are left out: their trades stay held.

    What does not make up its minute's bar, which is among `bars` unless it is in progress, is such a failure while the
    minute is young, and nonsense later: a late, a wild or a cut answer must not decide. That a minute's prints are gone
    is a stored fact, asked of the exchange once: every trade is judged on it alike.
    """
    wanted = [(instrument, need) for instrument, minutes in needs.items() for need in minutes]
    async with services.pool.connection() as connection:
        known = await finer_gaps.known(connection, [(instrument.id, need.minute) for instrument, need in wanted])
    gone = {minute for minute, doubt in known.items() if doubt is None}
    answers = await asyncio.gather(
        *(
            _finer(services, instrument, need, have.get(place[0], {}).get(place[1]), gone, bars.get(place))
            for instrument, need in wanted
            for place in [(instrument.id, need.minute)]
        ),
        return_exceptions=True,
    )
    found: dict[int, dict[datetime, Finer]] = {}
    learned = _Learned([], {}, [])
    for (instrument, need), answer in zip(wanted, answers, strict=True):
        place = instrument.id, need.minute
        if isinstance(answer, InvalidData | RequestRefused):
            now, doubt = await services.clock.now(instrument.market), known.get(place)
            if doubt and now - doubt.since > HOPELESS and doubt.answers >= HOPELESS_ANSWERS:
                answer = Finer(Resolution.PRINTS, gone=True)
            else:
                learned.doubts[place] = now
        if isinstance(answer, Finer):
            found.setdefault(instrument.id, {})[need.minute] = answer
            if answer.gone and answer.until is None and place not in gone:
                learned.gaps.append(place)
            elif known.get(place):
                learned.trusted.append(place)
        elif isinstance(answer, Unavailable | InvalidData | RequestRefused):
            log.warning("finer_not_had", instrument=str(instrument), minute=need.minute, reason=str(answer))
        else:
            raise answer
    await _remember(services, learned)
    return found


class _Learned(NamedTuple):
    """What the answers tell of minutes: gaps for good, nonsense since now, and doubts that are over."""

    gaps: list[Minute]
    doubts: dict[Minute, datetime]
    trusted: list[Minute]


async def _remember(services: Services, learned: _Learned) -> None:
    if any(learned):
        async with services.pool.connection() as connection:
            await finer_gaps.note(connection, learned.gaps)
            await finer_gaps.doubt(connection, learned.doubts)
            await finer_gaps.trust(connection, learned.trusted)


async def _finer(
    services: Services, instrument: Instrument, need: Need, have: Finer | None, gone: set[Minute], bar: Bar | None
) -> Finer:
    """Seconds first where the market has them, then prints; the coarser answer, marked gone, where that is all."""
    if need.finer_than is Resolution.PRINTS:  # they make up its bar, else they would not have been given
        return Finer(Resolution.PRINTS, gone=True)
    if need.finer_than is None and instrument.market is Market.SPOT:
        seconds = await services.exchange.finer(instrument.market, instrument.symbol, need.minute, Resolution.SECONDS)
        if not seconds.gone and (bar is None or is_whole(seconds, bar)):
            return seconds
    if (instrument.id, need.minute) in gone:
        prints = Finer(Resolution.PRINTS, gone=True)
    else:
        prints = await _prints(services, instrument, need.minute, bar)
    if prints.gone and have is not None and have.bars:
        return Finer(have.resolution, have.bars, gone=True)
    return prints


async def _prints(services: Services, instrument: Instrument, minute: datetime, bar: Bar | None) -> Finer:
    age = await services.clock.now(instrument.market) - minute
    if instrument.market is Market.FUTURES and age > FUTURES_PRINTS_KEPT:
        return Finer(Resolution.PRINTS, gone=True)
    prints = await services.exchange.finer(instrument.market, instrument.symbol, minute, Resolution.PRINTS)
    if prints.gone and age < YOUNG:
        raise Unavailable(f"no prints of {minute:%H:%M} yet")
    if not prints.gone and bar is not None and not is_whole(prints, bar):
        told = f"what was told as the prints of {minute:%H:%M} does not make up its bar"
        raise Unavailable(told) if age < YOUNG else InvalidData(told)
    return prints
