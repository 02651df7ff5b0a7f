"""The equity curve of an account, its drawdown, and what holding bitcoin would have made of the same money."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec

from services.db import equity_samples
from services.domain.metrics.drawdown import Drawdown
from services.domain.metrics.equity_curve import Sample, Span, equity_drawdown, equity_return, held_bitcoin
from services.domain.metrics.rounding import percent
from services.usecases.context import Services

POINTS_MAX = 2000
_MINUTES_FOR = timedelta(days=1)
_HOURS_FOR = timedelta(days=60)


class EquityPoint(Sample, frozen=True, kw_only=True):
    """A sample; held_bitcoin is what the first point's equity would be worth as bitcoin bought then, in USDT."""

    held_bitcoin: Decimal | None


class EquityCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Mark-to-market equity of an account over time, oldest first; money in USDT, null where undefined.

    A minute, hour or day in which nothing changed has no point: the one before still holds. The first point may lie
    before `from`: it is what the account began with.

    return_percent   what money that was there from the first point on has come to (as CAGR, from point to point)
    max_drawdown     the deepest fall from a point's profit_high to the profit_low of a later one
    bitcoin_percent  = 100 x (last price of BTCUSDT / first - 1), over the points that have one
    ahead_of_bitcoin = return_percent - bitcoin_percent
    """

    account_id: int
    span: Span
    return_percent: Decimal | None
    max_drawdown: Drawdown | None
    bitcoin_percent: Decimal | None
    ahead_of_bitcoin: Decimal | None
    points: list[EquityPoint]


async def equity_curve(
    services: Services, account_id: int, since: date | None, until: date | None, span: Span | None = None
) -> EquityCurve:
    """The newest points of the UTC days from `since` to before `until`; without `span` the finest that covers them."""
    begin, end = _midnight(since), _midnight(until)
    if span is None:
        now = end or await services.clock.latest()
        span = _fitting(None if begin is None else now - begin)
    async with services.pool.connection() as connection:
        found = await equity_samples.newest(connection, account_id, span, begin, end, POINTS_MAX)
    return curve_of(account_id, span, found[::-1])


def curve_of(account_id: int, span: Span, samples: Sequence[Sample]) -> EquityCurve:
    """The curve of samples in ascending order."""
    held = held_bitcoin(samples)
    prices = [sample.bitcoin for sample in samples if sample.bitcoin is not None]
    own = equity_return(samples)
    bitcoin = percent(prices[-1] - prices[0], prices[0]) if prices else None
    return EquityCurve(
        account_id=account_id,
        span=span,
        return_percent=own,
        max_drawdown=equity_drawdown(samples),
        bitcoin_percent=bitcoin,
        ahead_of_bitcoin=None if own is None or bitcoin is None else own - bitcoin,
        points=[
            EquityPoint(**msgspec.structs.asdict(sample), held_bitcoin=worth)
            for sample, worth in zip(samples, held, strict=True)
        ],
    )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _fitting(length: timedelta | None) -> Span:
    if length is None or length > _HOURS_FOR:
        return Span.DAY
    return Span.MINUTE if length <= _MINUTES_FOR else Span.HOUR
