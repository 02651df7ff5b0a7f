"""Which closed trades figures are about, and how they can be broken down."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple

import msgspec

from services.domain.market import Market
from services.domain.plan import Direction


class GroupBy(StrEnum):
    """What a breakdown has a line for. Days and hours are those of the exit, in UTC.

    R_MULTIPLE counts in steps of half the risk, each known by its lower end; trades without a risk are in none.
    """

    SYMBOL = "symbol"
    DIRECTION = "direction"
    MARKET = "market"
    SOURCE = "source"
    DAY = "day"
    HOUR = "hour"
    EXIT_REASON = "exit_reason"
    R_MULTIPLE = "r_multiple"


class Cell(NamedTuple):
    """What a closed trade is filtered by, besides its account, symbol and day."""

    market: str
    direction: str
    source: str


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The closed trades of these accounts; what is None does not narrow.

    They count on the UTC day of their exit: `since` is the first day, `until` the first that no longer counts.
    """

    account_ids: tuple[int, ...]
    market: Market | None = None
    symbol: str | None = None
    direction: Direction | None = None
    source: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def name(self) -> str:
        """One text for all scopes that differ only in their days."""
        anytime = msgspec.structs.replace(
            self, account_ids=tuple(sorted(set(self.account_ids))), since=None, until=None
        )
        return msgspec.json.encode(anytime).decode()

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows: all closed trades of the accounts."""
        return self == Scope(account_ids=self.account_ids)

    def holds(self, cell: Cell) -> bool:
        """Whether trades of `cell` are among those that market, direction and source leave."""
        return (
            self.market in (None, cell.market)
            and self.direction in (None, cell.direction)
            and self.source in (None, cell.source)
        )
