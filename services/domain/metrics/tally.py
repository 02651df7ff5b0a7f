"""Sums over closed trades that add up: over days, instruments, directions, sources, in any order."""

from datetime import datetime
from decimal import Decimal

import msgspec

from services.domain.money import ZERO


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures need of one closed trade, money in USDT.

    profit_loss is net of fees and funding; mae and mfe are None where its candles are not all known, r_multiple where
    nothing was at risk.
    """

    id: int
    entry_time: datetime
    exit_time: datetime
    profit_loss: Decimal
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    margin: Decimal = ZERO
    r_multiple: Decimal | None = None
    mae: Decimal | None = None
    mfe: Decimal | None = None
    ambiguous: bool = False

    @property
    def seconds(self) -> Decimal:
        """How long it was open."""
        span = self.exit_time - self.entry_time
        return span.days * 86_400 + span.seconds + Decimal(span.microseconds) / 1_000_000


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a set of closed trades; `a + b` is the tally of both sets.

    wins and losses count trades with profit_loss above and below zero; the rest broke even. gross_loss is positive.
    risked counts trades with an R-multiple, excursions those with MAE and MFE.
    """

    trades: int = 0
    wins: int = 0
    losses: int = 0
    net: Decimal = ZERO
    gross_profit: Decimal = ZERO
    gross_loss: Decimal = ZERO
    largest_win: Decimal | None = None
    largest_loss: Decimal | None = None
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    seconds: Decimal = ZERO
    margin: Decimal = ZERO
    risked: int = 0
    r_multiples: Decimal = ZERO
    excursions: int = 0
    mae: Decimal = ZERO
    mfe: Decimal = ZERO
    ambiguous: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """The tally of both sets together."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        wins = [each for each in (self.largest_win, other.largest_win) if each is not None]
        losses = [each for each in (self.largest_loss, other.largest_loss) if each is not None]
        return Tally(**sums, largest_win=max(wins, default=None), largest_loss=min(losses, default=None))


_SUMS = tuple(name for name in Tally.__struct_fields__ if not name.startswith("largest_"))


def tally(closed: Closed) -> Tally:
    """The tally of one trade."""
    net = closed.profit_loss
    won, lost = net > 0, net < 0
    return Tally(
        trades=1,
        wins=int(won),
        losses=int(lost),
        net=net,
        gross_profit=net if won else ZERO,
        gross_loss=-net if lost else ZERO,
        largest_win=net if won else None,
        largest_loss=net if lost else None,
        fees=closed.fees,
        funding=closed.funding,
        seconds=closed.seconds,
        margin=closed.margin,
        risked=int(closed.r_multiple is not None),
        r_multiples=closed.r_multiple or ZERO,
        excursions=int(closed.mae is not None),
        mae=closed.mae or ZERO,
        mfe=closed.mfe or ZERO,
        ambiguous=int(closed.ambiguous),
    )
