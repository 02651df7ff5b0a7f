"""Figures that follow from sums alone, whatever the order of the trades was."""

from decimal import Decimal

import msgspec

from services.domain.metrics.rounding import MONEY_STEP, percent, ratio
from services.domain.metrics.tally import Tally


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over closed trades, money in USDT. What is undefined is null, never a made-up number.

    profit_loss of a trade is net of fees and funding; winning_trades have it above 0, losing_trades below, the rest
    broke even. Formulas as in Kaufman, Trading Systems and Methods (2013), ch. 21, but where another source is named.

    win_rate               = 100 x winning_trades / total_trades
    total_profit_loss      = sum of profit_loss
    gross_profit           = sum of profit_loss over winning trades
    gross_loss             = sum of |profit_loss| over losing trades
    profit_factor          = gross_profit / gross_loss; null without losses
    average_win            = gross_profit / winning_trades
    average_loss           = -gross_loss / losing_trades
    payoff_ratio           = average_win / |average_loss|
    largest_win            = highest profit_loss of a winning trade; largest_loss the lowest of a losing one
    expectancy             = total_profit_loss / total_trades: what a trade brings on average (Tharp, Trade Your Way to
                             Financial Freedom, 2007, ch. 7)
    expectancy_ratio       = expectancy / |average_loss|: the same per USDT lost in a typical loss (ibid.)
    average_duration_hours = mean of exit_time - entry_time
    total_fees             = sum of entry and exit fees
    total_funding          = sum of funding paid; negative was received
    return_on_margin       = 100 x total_profit_loss / sum of the margins, each counted once
    average_r_multiple     = mean of profit_loss / initial risk; total_r_multiple their sum (Tharp, ibid.)
    average_mae, average_mfe = mean of the worst and the best unrealized gross profit while a trade was held, over the
                             excursion_trades for which all candles are known (Sweeney, Maximum Adverse Excursion, 1997)
    ambiguous_share        = 100 x ambiguous_trades / total_trades: where an order inside a minute had to be assumed
    """

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
    payoff_ratio: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    expectancy: Decimal | None
    expectancy_ratio: Decimal | None
    average_duration_hours: Decimal | None
    total_fees: Decimal
    total_funding: Decimal
    return_on_margin: Decimal | None
    average_r_multiple: Decimal | None
    total_r_multiple: Decimal | None
    excursion_trades: int
    average_mae: Decimal | None
    average_mfe: Decimal | None
    ambiguous_trades: int
    ambiguous_share: Decimal | None


def figures(sums: Tally) -> Figures:
    """The figures of a tally; the formulas are in `Figures`."""
    expectancy = ratio(sums.net, sums.trades, MONEY_STEP)
    mean_loss = sums.gross_loss / sums.losses if sums.losses else None
    return Figures(
        total_trades=sums.trades,
        winning_trades=sums.wins,
        losing_trades=sums.losses,
        win_rate=percent(sums.wins, sums.trades),
        total_profit_loss=sums.net,
        gross_profit=sums.gross_profit,
        gross_loss=sums.gross_loss,
        profit_factor=ratio(sums.gross_profit, sums.gross_loss),
        average_win=ratio(sums.gross_profit, sums.wins, MONEY_STEP),
        average_loss=ratio(-sums.gross_loss, sums.losses, MONEY_STEP),
        payoff_ratio=ratio(sums.gross_profit / sums.wins, mean_loss) if sums.wins else None,
        largest_win=sums.largest_win,
        largest_loss=sums.largest_loss,
        expectancy=expectancy,
        expectancy_ratio=ratio(sums.net / sums.trades, mean_loss) if sums.trades else None,
        average_duration_hours=ratio(sums.seconds / 3600, sums.trades),
        total_fees=sums.fees,
        total_funding=sums.funding,
        return_on_margin=percent(sums.net, sums.margin),
        average_r_multiple=ratio(sums.r_multiples, sums.risked),
        total_r_multiple=sums.r_multiples if sums.risked else None,
        excursion_trades=sums.excursions,
        average_mae=ratio(sums.mae, sums.excursions, MONEY_STEP),
        average_mfe=ratio(sums.mfe, sums.excursions, MONEY_STEP),
        ambiguous_trades=sums.ambiguous,
        ambiguous_share=percent(sums.ambiguous, sums.trades),
    )
