"""Prices too far from the one before: which they are, and how long one waits to be believed."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from services.domain.market import Quote
from services.domain.path import Bar

FACTOR = Decimal(3)
"""A price beyond this multiple (or fraction) of the last one is suspect. Coins fall 80 % in an hour, not in a minute."""

WAIT = timedelta(minutes=1)
"""Exchange time after which the same answer, given again, is believed."""


def is_jump(last: Decimal, price: Decimal) -> bool:
    """Whether `price` is suspect after `last`."""
    return not last / FACTOR <= price <= last * FACTOR


def suspects(last: Decimal | None, bars: Iterable[Bar]) -> list[Bar]:
    """The bars that jump from the close before them; the first is measured from `last`, if there is one."""
    found = []
    for bar in bars:
        if last is not None and (is_jump(last, bar.low) or is_jump(last, bar.high)):
            found.append(bar)
        last = bar.close
    return found


def bar_answer(bar: Bar) -> str:
    """What makes a later answer the same: the minute and its four prices (a closed bar never changes)."""
    return f"{bar.open_time.isoformat()} {bar.open} {bar.high} {bar.low} {bar.close}"


def quote_answer(quote: Quote) -> str:
    """What makes a later answer the same: the order of magnitude, for quotes move all the time."""
    return f"quote 1e{quote.last.adjusted()}"


def is_believed(age: float, speed: Decimal) -> bool:
    """Whether an answer first seen `age` wall seconds ago may be used."""
    return timedelta(seconds=age * float(speed)) >= WAIT


def quote_is_suspect(last: Quote | None, quote: Quote) -> bool:
    """Whether the last, bid or ask jumps from the last price believed."""
    return last is not None and any(is_jump(last.last, price) for price in (quote.last, quote.bid, quote.ask))
