"""How large a position is: a fixed margin, a share of the equity as margin, or a share of it at risk."""

from decimal import ROUND_DOWN, Decimal

import msgspec

from services.domain.errors import InvalidInput
from services.domain.fees import FeeRates, FillRole
from services.domain.fills import buy_price, sell_price
from services.domain.money import LEDGER_STEP, ZERO
from services.domain.plan import Direction, Plan

DEFAULT_SIZE = Decimal(100)
PERCENT_MAX = Decimal(100)


class Sizing(msgspec.Struct, frozen=True):
    """How somebody wants a position sized; one of them at most is set, none means DEFAULT_SIZE.

    position_size   margin in USDT
    equity_percent  margin as percent of the account's equity
    risk_percent    percent of the equity that is lost when the stop is hit, both fees and slippage included
    """

    position_size: Decimal | None = None
    equity_percent: Decimal | None = None
    risk_percent: Decimal | None = None

    @property
    def needs_equity(self) -> bool:
        """Whether the account's equity decides."""
        return self.equity_percent is not None or self.risk_percent is not None


def check_sizing(sizing: Sizing) -> None:
    """Raises InvalidInput where more than one way is given, or a percentage is none."""
    given = [name for name in Sizing.__struct_fields__ if getattr(sizing, name) is not None]
    if len(given) > 1:
        raise InvalidInput("two_sizes", f"give only one of {', '.join(given)}", field=given[1])
    for name in ("equity_percent", "risk_percent"):
        value = getattr(sizing, name)
        if value is not None and not 0 < value <= PERCENT_MAX:
            raise InvalidInput("percent_out_of_range", f"{name} must be above 0, and 100 at most", field=name)


def position_size(
    sizing: Sizing,
    plan: Plan,
    equity: Decimal | None,
    *,
    entry: Decimal,
    role: FillRole,
    fees: FeeRates,
    slippage: Decimal,
    tick: Decimal,
) -> Decimal:
    """The margin in USDT that `sizing` comes to for a position entered at `entry`.

    At risk, the quantity is risk / loss of one unit, with

        loss of one unit = |entry - stop fill| + entry x entry fee rate + stop fill x taker rate

    where the stop fill is the stop less `slippage`, a fraction of the price, away from profit on the `tick`.
    """
    if sizing.equity_percent is not None:
        assert equity is not None
        return _positive(equity * sizing.equity_percent / 100, equity, "equity_percent")
    if sizing.risk_percent is None:
        return sizing.position_size or DEFAULT_SIZE
    assert equity is not None
    worse = sell_price if plan.direction is Direction.LONG else buy_price
    stopped = worse(plan.stop_loss, slippage, tick)
    paid = fees.maker if role is FillRole.MAKER else fees.taker
    lost = (entry - stopped) * plan.direction.sign + entry * paid + stopped * fees.taker
    quantity = equity * sizing.risk_percent / 100 / lost
    return _positive(quantity * entry / plan.leverage, equity, "risk_percent")


def _positive(size: Decimal, equity: Decimal, field: str) -> Decimal:
    size = size.quantize(LEDGER_STEP, ROUND_DOWN)
    if size <= ZERO:
        raise InvalidInput(
            "no_equity",
            f"{field} of an equity of {equity.normalize():f} USDT is nothing",
            field=field,
            numbers={"equity": equity},
        )
    return size
