"""What an account does not want to exceed when it opens trades."""

from decimal import Decimal

import msgspec

from services.domain.errors import Conflict, InvalidInput
from services.domain.trade import Trade


class Limits(msgspec.Struct, frozen=True):
    """Limits of an account; None means none.

    max_open_trades      live trades, pending ones included
    max_symbol_exposure  notional of all live trades on one instrument in one direction, USDT at their entry prices
    max_leverage         of any trade
    """

    max_open_trades: int | None = None
    max_symbol_exposure: Decimal | None = None
    max_leverage: int | None = None

    @property
    def need_usage(self) -> bool:
        """Whether what the account holds matters."""
        return self.max_open_trades is not None or self.max_symbol_exposure is not None


class Usage(msgspec.Struct, frozen=True):
    """What counts against the limits now: live trades, and the notional on the instrument in the trade's direction."""

    open_trades: int
    exposure: Decimal


def check_leverage(limits: Limits, leverage: int) -> None:
    """Raises InvalidInput where `leverage` is above the account's own limit."""
    if limits.max_leverage is not None and leverage > limits.max_leverage:
        raise InvalidInput(
            "leverage_above_limit",
            f"the account allows leverage {limits.max_leverage}, got {leverage}",
            field="leverage",
            numbers={"leverage": leverage, "max_leverage": limits.max_leverage},
        )


def check_owner(open_trades: int, most: int) -> None:
    """Raises Conflict where a user whose accounts have so many live trades may have no more."""
    if open_trades >= most:
        raise Conflict(
            "too_many_open_trades",
            f"a user may have {most} live trades here, over all accounts: close or cancel one first",
            numbers={"open_trades": open_trades, "open_trades_per_user": most},
        )


def check_usage(limits: Limits, usage: Usage, trade: Trade) -> None:
    """Raises Conflict naming the limit that the new `trade` would exceed."""
    if limits.max_open_trades is not None and usage.open_trades >= limits.max_open_trades:
        raise Conflict(
            "too_many_trades",
            f"the account has {usage.open_trades} live trades, its limit is {limits.max_open_trades}",
            field="max_open_trades",
            numbers={"open_trades": usage.open_trades, "max_open_trades": limits.max_open_trades},
        )
    price = trade.entry.price if trade.entry else trade.plan.limit_price
    assert price is not None
    total = usage.exposure + price * trade.quantity
    if limits.max_symbol_exposure is not None and total > limits.max_symbol_exposure:
        raise Conflict(
            "exposure_above_limit",
            f"{trade.instrument} {trade.plan.direction} would stand at {total.normalize():f} USDT, the account's limit "
            f"is {limits.max_symbol_exposure.normalize():f}",
            field="max_symbol_exposure",
            numbers={
                "exposure": usage.exposure,
                "new": price * trade.quantity,
                "max_symbol_exposure": limits.max_symbol_exposure,
            },
        )
