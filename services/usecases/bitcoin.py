"""What BTC would have brought in place of a source's trades: the yardstick of having done nothing clever.

A moment's price is the close of the last whole minute before it, from the stored minutes of spot BTCUSDT. Where
those do not reach (they are kept for 35 days), candles tell, of the finest timeframe that a few requests suffice for;
a trade held for less than one such candle is left out then, for the candle does not know what happened inside it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.db import instruments, minute_bars
from services.db.pool import Connection
from services.db.scorecards import Outcome
from services.domain.candles import Timeframe
from services.domain.errors import InvalidInput, Unavailable
from services.domain.market import Market
from services.domain.money import ZERO, ledger_amount
from services.usecases.context import Services
from services.usecases.read_candles import LIMIT_MAX, read_candles

SYMBOL = "BTCUSDT"
FETCHES_MAX = 10
"""Requests for candles that one scorecard makes at most."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = timedelta(milliseconds=1)  # a candle's close time is the last millisecond of it


class Bitcoin(msgspec.Struct, frozen=True, kw_only=True):
    """What BTC would have brought: each trade's notional held in spot BTCUSDT from its entry to its exit, no fees.

    Priced at the closes of `interval` candles, the coarsest that were needed; `trades` is over how many, others are
    left out of both sums.
    """

    trades: int
    interval: Timeframe
    profit_loss: Decimal
    source_profit_loss: Decimal


async def stored_closes(connection: Connection, closed: Sequence[Outcome]) -> dict[datetime, Decimal]:
    """The stored closes of BTC at the entries and exits of these trades, by the begin of their minute."""
    found = await instruments.by_symbols(connection, Market.SPOT, [SYMBOL])
    if not found or not closed:
        return {}
    return await minute_bars.closes(connection, found[0].id, _moments(closed, Timeframe.M1))


async def bitcoin(services: Services, closed: Sequence[Outcome], stored: dict[datetime, Decimal]) -> Bitcoin | None:
    """The comparison over trades of which BTC's prices can be had; None where there is none.

    `stored` is what `stored_closes` has found.
    """
    held, rest = _held(closed, Timeframe.M1, stored)
    interval = Timeframe.M1
    if rest:
        timeframe = _affordable(rest)
        able = [
            each for each in rest if timeframe is Timeframe.M1 or each.exit_time - each.entry_time >= timeframe.length
        ]
        more, _ = _held(able, timeframe, await _fetched(services, able, timeframe))
        if more:
            held, interval = held + more, timeframe
    if not held:
        return None
    return Bitcoin(
        trades=len(held),
        interval=interval,
        profit_loss=ledger_amount(sum((brought for _, brought in held), ZERO)),
        source_profit_loss=sum((each.profit_loss for each, _ in held), ZERO),
    )


Held = list[tuple[Outcome, Decimal]]


def _held(
    closed: Sequence[Outcome], timeframe: Timeframe, closes: dict[datetime, Decimal]
) -> tuple[Held, list[Outcome]]:
    """These trades with what BTC brought meanwhile, and those of which it is not known."""
    held: Held = []
    rest = []
    for each in closed:
        first, last = closes.get(_before(each.entry_time, timeframe)), closes.get(_before(each.exit_time, timeframe))
        if first is None or last is None:
            rest.append(each)
        else:
            held.append((each, each.entry_price * each.quantity * (last - first) / first))
    return held, rest


def _before(time: datetime, timeframe: Timeframe) -> datetime:
    """The begin of the last candle that is over at `time`."""
    return timeframe.floor(time + _LAST_MOMENT) - timeframe.length


def _moments(closed: Iterable[Outcome], timeframe: Timeframe) -> set[datetime]:
    return {_before(time, timeframe) for each in closed for time in (each.entry_time, each.exit_time)}


def _blocks(closed: Iterable[Outcome], timeframe: Timeframe) -> list[datetime]:
    """The begins of the stretches of LIMIT_MAX candles that hold these trades' moments: as many requests."""
    span = LIMIT_MAX * timeframe.length
    return sorted({time - (time - _EPOCH) % span for time in _moments(closed, timeframe)})


def _affordable(closed: Sequence[Outcome]) -> Timeframe:
    return next((each for each in Timeframe if len(_blocks(closed, each)) <= FETCHES_MAX), Timeframe.D1)


async def _fetched(services: Services, closed: Sequence[Outcome], timeframe: Timeframe) -> dict[datetime, Decimal]:
    """The closes of BTC candles around these trades, as far as the exchange can be asked."""
    closes: dict[datetime, Decimal] = {}
    for begin in _blocks(closed, timeframe)[-FETCHES_MAX:]:
        try:
            chart = await read_candles(
                services,
                Market.SPOT,
                SYMBOL,
                timeframe,
                since=begin,
                until=begin + LIMIT_MAX * timeframe.length,
                limit=LIMIT_MAX,
            )
        except (Unavailable, InvalidInput):
            break
        closes |= {candle.open_time: candle.close for candle in chart.candles if candle.is_closed}
    return closes
