"""What the scanner finds: a signal on a closed candle, its prices on the instrument's grid."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.candles import Timeframe
from services.domain.errors import InvalidInput
from services.domain.market import Instrument, Market
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.planning import check_order, on_grid

SOURCE_PREFIX = "scanner:"


class ScanSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy speaks: enter at the market, now that this candle has closed.

    candle_time  when the candle opened; `closed_at` when it closed, the time of the signal
    price        the candle's close, USDT: what stop and targets were reckoned from
    confidence   0 to 1, as the strategy defines it
    """

    strategy: str
    instrument: Instrument
    timeframe: Timeframe
    candle_time: datetime
    direction: Direction
    price: Decimal
    stop_loss: Decimal
    targets: tuple[Target, ...]
    confidence: Decimal

    @property
    def source(self) -> str:
        """The name of its source, a strategy's own: scanner:ema_adx."""
        return SOURCE_PREFIX + self.strategy

    @property
    def closed_at(self) -> datetime:
        """When the candle closed."""
        return self.candle_time + self.timeframe.length

    @property
    def key(self) -> str:
        """The same candle of the same pair makes one signal of a strategy, whoever scans it and how often."""
        pair = f"{self.instrument.market}:{self.instrument.symbol}"
        return f"{self.source}:{pair}:{self.timeframe}:{self.candle_time:%Y%m%dT%H%M}"


def scan_signal(
    strategy: str,
    instrument: Instrument,
    timeframe: Timeframe,
    candle_time: datetime,
    *,
    direction: Direction,
    price: Decimal,
    stop_loss: Decimal,
    targets: Sequence[Decimal],
    confidence: Decimal,
) -> ScanSignal | None:
    """The signal with its prices on the tick, targets closing equal shares.

    None where it cannot be traded: a SHORT on spot, or a candle so quiet that the grid puts stop or a target on the
    wrong side of the price.
    """
    if instrument.market is Market.SPOT and direction is Direction.SHORT:
        return None
    plan = on_grid(
        Plan(
            direction=direction,
            entry_type=EntryType.MARKET,
            limit_price=None,
            stop_loss=stop_loss,
            targets=equal_shares(targets),
            position_size=Decimal(1),
            leverage=1,
        ),
        instrument.filters,
    )
    try:
        check_order(plan, price)
    except InvalidInput:
        return None
    return ScanSignal(
        strategy=strategy,
        instrument=instrument,
        timeframe=timeframe,
        candle_time=candle_time,
        direction=direction,
        price=price,
        stop_loss=plan.stop_loss,
        targets=plan.targets,
        confidence=confidence,
    )


def equal_shares(prices: Sequence[Decimal]) -> tuple[Target, ...]:
    """A target at each price, each closing the same share to the percent; the last takes the rest."""
    share = (Decimal(1) / len(prices)).quantize(Decimal("0.01"))
    rest = 1 - share * (len(prices) - 1)
    return (*(Target(price, share) for price in prices[:-1]), Target(prices[-1], rest))
