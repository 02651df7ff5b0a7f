"""What the same risk at random moments would have brought: the yardstick that a source's timing is held to.

For each trade of a source, and for each of RUNS runs, an hour is drawn at random (evenly, seeded by `seed`, the run and
the trade's id) from the stored hourly candles of its own pair. There the same side is entered at the open, with the
trade's own stop and target distances in percent, and held for as many hours as the trade was. An hour that reaches the
stop ends it at the stop, whatever else it reaches (the adverse order); one that reaches the target ends it there; else
it ends at the last hour's close. Results are in R: profit over the loss at the initial stop. Each draw pays the
trade's own fees. Trades whose pair has too few candles are left out on both sides of the comparison.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.db.scorecards import Outcome
from services.domain.plan import Direction

RUNS = 100
HOURS_MAX = 240
"""A trade that was held longer counts as held so long."""
_STEP = Decimal("0.0001")


class Hours(msgspec.Struct, frozen=True):
    """Hourly candles of a pair, ascending, `open_time` in ms. Floats: this compares distributions, it books nothing."""

    open_time: Sequence[int]
    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]


class RandomEntries(msgspec.Struct, frozen=True, kw_only=True):
    """The source's mean R beside that of random entries of equal risk.

    trades        how many are compared
    hours_from, hours_to
                  the span that hours are drawn from: the newest candles kept, whenever the trades were
    mean_r        of the source's trades; random_mean_r of all draws
    random_low_r, random_high_r
                  the 5 % and 95 % quantiles of the runs' means
    beaten_share  percent of the runs that the source did better than
    """

    trades: int
    runs: int
    seed: int
    hours_from: datetime
    hours_to: datetime
    mean_r: Decimal
    random_mean_r: Decimal
    random_low_r: Decimal
    random_high_r: Decimal
    beaten_share: Decimal


def compare(outcomes: Sequence[Outcome], hours: Mapping[int, Hours], seed: int) -> RandomEntries | None:
    """The comparison; None where no trade has candles enough."""
    usable = []
    for each in outcomes:
        held = min(HOURS_MAX, int((each.exit_time - each.entry_time).total_seconds() // 3600) + 1)
        candles = hours.get(each.instrument_id)
        if candles is not None and len(candles.open) > held and each.initial_stop != each.entry_price:
            usable.append((each, held, candles))
    if not usable:
        return None
    means = sorted(
        sum(_draw(each, held, candles, seed, run) for each, held, candles in usable) / len(usable)
        for run in range(RUNS)
    )
    own = sum(float(each.profit_loss / _risk(each)) for each, _, _ in usable) / len(usable)
    return RandomEntries(
        trades=len(usable),
        runs=RUNS,
        seed=seed,
        hours_from=_moment(min(candles.open_time[0] for _, _, candles in usable)),
        hours_to=_moment(max(candles.open_time[-1] for _, _, candles in usable)) + timedelta(hours=1),
        mean_r=_rounded(own),
        random_mean_r=_rounded(sum(means) / RUNS),
        random_low_r=_rounded(means[RUNS * 5 // 100]),
        random_high_r=_rounded(means[RUNS * 95 // 100]),
        beaten_share=_rounded(100 * sum(mean < own for mean in means) / RUNS),
    )


def _risk(each: Outcome) -> Decimal:
    return abs(each.entry_price - each.initial_stop) * each.quantity


def _draw(each: Outcome, held: int, hours: Hours, seed: int, run: int) -> float:
    """One random entry's result in R."""
    start = random.Random(f"{seed}:{run}:{each.id}").randrange(len(hours.open) - held)
    sign = 1 if each.direction is Direction.LONG else -1
    stop_share = float(abs(each.entry_price - each.initial_stop) / each.entry_price)
    target_share = None if each.target is None else float(abs(each.target - each.entry_price) / each.entry_price)
    paid = float(each.fees / _risk(each))
    entry = hours.open[start]
    stop = entry * (1 - sign * stop_share)
    target = None if target_share is None else entry * (1 + sign * target_share)
    worst, best = (hours.low, hours.high) if sign > 0 else (hours.high, hours.low)
    for hour in range(start, start + held):
        if (worst[hour] - stop) * sign <= 0:
            return -1.0 - paid
        if target is not None and target_share is not None and (best[hour] - target) * sign >= 0:
            return target_share / stop_share - paid
    return (hours.close[start + held - 1] - entry) * sign / (entry * stop_share) - paid


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _rounded(value: float) -> Decimal:
    return Decimal(value).quantize(_STEP)
