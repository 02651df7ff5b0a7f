"""Closed trades for tests, by hand and by hypothesis."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from services.domain.metrics.tally import Closed

START = datetime(2026, 7, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(profits: Sequence[str | int], every: timedelta = HOUR) -> list[Closed]:
    """One trade after another, each open for `every`."""
    return [
        Closed(
            id=number,
            entry_time=START + (number - 1) * every,
            exit_time=START + number * every,
            profit_loss=Decimal(profit),
        )
        for number, profit in enumerate(profits, 1)
    ]


@st.composite
def closed(draw: st.DrawFn, count: int = 30) -> list[Closed]:
    """Trades in the order of (exit_time, id), with equal times, equal levels and break-evens among them."""
    found = []
    for number in range(1, draw(st.integers(0, count)) + 1):
        exit_time = START + draw(st.integers(0, 5000)) * timedelta(seconds=37)
        mae = draw(st.one_of(st.none(), st.integers(-9, 0).map(Decimal)))
        found.append(
            Closed(
                id=number,
                entry_time=exit_time - draw(st.integers(0, 4000)) * timedelta(seconds=11),
                exit_time=exit_time,
                profit_loss=draw(st.integers(-3, 3).map(Decimal)),
                fees=draw(st.integers(0, 5).map(Decimal)),
                funding=draw(st.integers(-2, 2).map(Decimal)),
                margin=Decimal(100),
                r_multiple=draw(st.one_of(st.none(), st.integers(-2, 4).map(Decimal))),
                mae=mae,
                mfe=None if mae is None else -mae,
                ambiguous=draw(st.booleans()),
            )
        )
    return sorted(found, key=lambda trade: (trade.exit_time, trade.id))


def parted(trades: list[Closed], cuts: list[int]) -> list[list[Closed]]:
    """The trades cut into stretches, some of which may be empty."""
    places = [0, *sorted(min(cut, len(trades)) for cut in cuts), len(trades)]
    return [trades[begin:end] for begin, end in pairwise(places)]
