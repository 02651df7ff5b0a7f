"""Performance of closed trades: would this have made money?"""

from datetime import timedelta
from decimal import Decimal

import msgspec

from services.db.performance import ClosedSums, closed_sums
from services.domain.market import Market
from services.usecases.context import Services

_PERCENT_STEP = Decimal("0.01")
_RATIO_STEP = Decimal("0.0001")
_MONEY_STEP = Decimal("0.00000001")


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over closed trades, money in USDT. What is undefined is null, never a made-up number.

    profit_loss of a trade is net of fees. winning_trades have profit_loss > 0, losing_trades < 0; the rest broke even.
    win_rate               = 100 x winning_trades / total_trades
    total_profit_loss      = sum of profit_loss
    gross_profit           = sum of profit_loss over winning trades
    gross_loss             = sum of |profit_loss| over losing trades
    profit_factor          = gross_profit / gross_loss; null without losses
    average_win            = gross_profit / winning_trades
    average_loss           = -gross_loss / losing_trades
    largest_win            = highest profit_loss of a winning trade; largest_loss the lowest of a losing one
    total_fees             = sum of entry and exit fees
    average_duration_hours = mean of exit_time - entry_time
    """

    days: int | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Decimal | None
    total_profit_loss: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    total_fees: Decimal
    average_duration_hours: Decimal | None


async def performance(services: Services, account_ids: tuple[int, ...], days: int | None = None) -> Performance:
    """Over trades closed within the last `days` of exchange time, or over all of them."""
    since = None
    if days is not None:
        since = max([await services.clock.now(market) for market in Market]) - timedelta(days=days)
    async with services.pool.connection() as connection:
        sums = await closed_sums(connection, account_ids, since)
    return figures(sums, days)


def figures(sums: ClosedSums, days: int | None) -> Performance:
    """The figures that follow from the sums; the formulas are in `Performance`."""
    return Performance(
        days=days,
        total_trades=sums.total,
        winning_trades=sums.winning,
        losing_trades=sums.losing,
        win_rate=_ratio(100 * Decimal(sums.winning), sums.total, _PERCENT_STEP),
        total_profit_loss=sums.net,
        gross_profit=sums.gross_profit,
        gross_loss=sums.gross_loss,
        profit_factor=_ratio(sums.gross_profit, sums.gross_loss, _RATIO_STEP),
        average_win=_ratio(sums.gross_profit, sums.winning, _MONEY_STEP),
        average_loss=_ratio(-sums.gross_loss, sums.losing, _MONEY_STEP),
        largest_win=sums.largest_win,
        largest_loss=sums.largest_loss,
        total_fees=sums.fees,
        average_duration_hours=_ratio(sums.seconds / 3600, sums.total, _RATIO_STEP),
    )


def _ratio(dividend: Decimal, divisor: Decimal | int, step: Decimal) -> Decimal | None:
    return None if divisor == 0 else (dividend / divisor).quantize(step)
