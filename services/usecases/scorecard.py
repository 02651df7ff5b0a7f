"""Scorecards: what the trades of a source's signals came to, how sure that is, and what else could have been had."""

import asyncio
import struct
from array import array
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.db import candles, scorecards
from services.db.candles import CANDLE_BYTES, KEPT
from services.db.pool import Connection, take_time
from services.db.scorecards import CardBy, Line, Outcome
from services.domain.candles import Timeframe
from services.domain.metrics.confidence import SAMPLE_MIN, Interval, student, wilson
from services.domain.metrics.figures import Figures, figures
from services.domain.metrics.tally import Tally
from services.domain.money import ZERO
from services.usecases.bitcoin import Bitcoin, bitcoin, stored_closes
from services.usecases.context import Services
from services.usecases.random_entries import Hours, RandomEntries, compare
from services.usecases.sources import Asking, readable_source

COMPARED_MAX = 200
"""How many of the newest trades are compared with random entries."""
CURVE_TRADES_MAX = 10_000
CURVE_POINTS_MAX = 500
SEED = 1


class CardLine(Figures, frozen=True, kw_only=True):
    """The figures of one key, with 95 % confidence intervals of the win rate (Wilson) and the expectancy (Student's t).

    With fewer than 30 trades `small_sample` is true: the figures say little, whatever they are.
    """

    key: str
    small_sample: bool
    win_rate_interval: Interval | None
    expectancy_interval: Interval | None


class CurvePoint(msgspec.Struct, frozen=True):
    """What the source's closed trades had brought in all up to `at`, in USDT."""

    at: datetime
    profit_loss: Decimal


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """A source's record on the caller's accounts, closed trades only; every comparison is of this source alone.

    groups   where asked for, one a key: the 1,000 with the most trades, by trades
    equity   the newest 10,000 trades, at most 500 points
    bitcoin, random_entries
             null where there is nothing to compare, or no candles
    """

    total: CardLine
    group_by: CardBy | None
    groups: list[CardLine]
    equity: list[CurvePoint]
    bitcoin: Bitcoin | None
    random_entries: RandomEntries | None


async def scorecard(services: Services, who: Asking, source_id: int, by: CardBy | None, seed: int = SEED) -> Scorecard:
    """The scorecard of a source that one may read."""
    now = await services.clock.latest()
    async with services.pool.connection() as connection:
        await readable_source(connection, who, source_id)
        await take_time(connection)
        whole = await scorecards.lines(connection, who.account_ids, source_id, None)
        groups = [] if by is None else await scorecards.lines(connection, who.account_ids, source_id, by)
        closed = await scorecards.outcomes(connection, who.account_ids, source_id, CURVE_TRADES_MAX)
        compared = closed[-COMPARED_MAX:]
        bitcoins = await stored_closes(connection, closed)
        hours = await _hours(connection, compared, Timeframe.H1.floor(now))
    return Scorecard(
        total=_line(whole[0] if whole else Line("", Tally(), ZERO)),
        group_by=by,
        groups=[_line(each) for each in groups],
        equity=_curve(closed),
        bitcoin=await bitcoin(services, closed, bitcoins),
        random_entries=await asyncio.to_thread(compare, compared, hours, seed),
    )


async def scorecards_of_all(services: Services, who: Asking) -> list[CardLine]:
    """A line for every source whose signals the caller's accounts have traded."""
    async with services.pool.connection() as connection:
        await take_time(connection)
        return [_line(each) for each in await scorecards.lines(connection, who.account_ids, None, CardBy.SOURCE)]


def _line(line: Line) -> CardLine:
    sums = line.tally
    return CardLine(
        **msgspec.structs.asdict(figures(sums)),
        key=line.key,
        small_sample=sums.trades < SAMPLE_MIN,
        win_rate_interval=wilson(sums.wins, sums.trades),
        expectancy_interval=student(sums.net, line.squares, sums.trades),
    )


def _curve(closed: Sequence[Outcome]) -> list[CurvePoint]:
    """Running sums by exit time; of many, every so-manieth and the last."""
    total, points = ZERO, []
    for each in closed:
        total += each.profit_loss
        points.append(CurvePoint(each.exit_time, total))
    step = -(-len(points) // CURVE_POINTS_MAX) or 1
    return points[::-1][::step][::-1]


async def _hours(connection: Connection, compared: Sequence[Outcome], closed_to: datetime) -> dict[int, Hours]:
    """The stored hourly candles of these trades' pairs."""
    ids = {each.instrument_id for each in compared}
    packed = await candles.load(connection, ids, Timeframe.H1, closed_to, KEPT) if ids else {}
    found = {}
    for id_, data in packed.items():
        times, *columns = zip(*struct.iter_unpack(_CANDLE, data), strict=True)
        found[id_] = Hours(times, *(array("d", column) for column in columns[:4]))
    return found


_CANDLE = ">qddddd"
assert struct.calcsize(_CANDLE) == CANDLE_BYTES
