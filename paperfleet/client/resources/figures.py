"""`client.performance`: what closed trades came to, and equity over time."""

from datetime import date
from typing import Literal

from paperfleet.client.answers.figures import EquityCurve, Performance
from paperfleet.client.calls import Call, reading
from paperfleet.client.modes import M, Resource, operation
from paperfleet.client.wishes import Direction, GroupBy, Market

_performance = reading(Performance)
_equity = reading(EquityCurve)


class Figures(Resource[M]):
    """Figures over one's own closed trades."""

    @operation
    def summary(
        self,
        *,
        days: int | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        market_type: Market | None = None,
        symbol: str | None = None,
        direction: Direction | None = None,
        source: str | None = None,
        group_by: GroupBy | None = None,
        account_id: int | None = None,
    ) -> Call[Performance]:
        """Of the last so many UTC days, or those from `since` to before `until`, by the time of exit.

        Of all one's own accounts, unless one is named.
        """
        query = {
            "days": days,
            "from": since,
            "to": until,
            "market_type": market_type,
            "symbol": symbol,
            "direction": direction,
            "source": source,
            "group_by": group_by,
            "account_id": account_id,
        }
        return Call("GET", "/api/paper-trades/performance/", _performance, query=query)

    @operation
    def equity(
        self,
        *,
        days: int | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        span: Literal["minute", "hour", "day"] | None = None,
        account_id: int | None = None,
    ) -> Call[EquityCurve]:
        """One account's equity over time (the first of one's own if none is named), its drawdown, beside bitcoin."""
        query = {"days": days, "from": since, "to": until, "span": span, "account_id": account_id}
        return Call("GET", "/api/paper-trades/equity/", _equity, query=query)
