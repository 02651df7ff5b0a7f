"""Trades that are sure to end in a way of their own on prices that are made for them, whatever has been before."""

from decimal import Decimal
from typing import Any

from services.domain.fills import FillModel
from services.domain.path import MINUTE
from services.domain.plan import Trailing
from tests.evaluation.random_orders import Order

D = Decimal
SPOT, ADA, DOGE = range(3)
_NO_RULES: dict[str, Any] = {"follow_targets": False, "trailing": None, "time_stop": None}
_NO_ENTRY_RULES = {"cancel_on_target": False, "cancel_on_stop": False}


def _order(place: int, stop: str, *ahead: str, resting: str | None = None, leverage: int = 1, **more: Any) -> Order:
    rules = _NO_RULES | {name: more[name] for name in _NO_RULES if name in more}
    entry_rules = _NO_ENTRY_RULES | {name: more[name] for name in _NO_ENTRY_RULES if name in more}
    return Order(
        place=place,
        sign=1,
        resting=None if resting is None else D(resting),
        stop=D(stop),
        ahead=[D(share) for share in ahead],
        size={"position_size": D(100)},
        leverage=leverage,
        rules=rules,
        entry_rules=entry_rules,
        minutes=more.get("minutes"),
        model=FillModel.OPTIMISTIC,
    )


BY_MARK = [_order(DOGE, "0.03", "0.4", leverage=20)]
"""Liquidated when the mark price alone falls by a tenth."""
REST = [
    _order(SPOT, "0.1", "0.01", "0.4", follow_targets=True),  # break-even: up by 1 %, then below the entry
    _order(SPOT, "0.4", "0.4", trailing=Trailing(percent=D(1))),
    _order(SPOT, "0.4", "0.4", time_stop=MINUTE),
    _order(SPOT, "0.1", "0.4", resting="0.4", minutes=1),  # expires: it rests 4 % below
    _order(SPOT, "0.1", "0.004", resting="0.4", cancel_on_target=True),
    _order(SPOT, "0.1", "0.4", resting="0.9"),  # rests until it is cancelled by hand
    _order(ADA, "0.1", "0.01", "0.1", "0.4", follow_targets=True),  # the stop follows to the first target
    _order(ADA, "0.4", "0.4"),  # closed by hand
    _order(DOGE, "0.1", "0.4", resting="0.4", cancel_on_stop=True),  # the minute opens beyond its stop
    _order(DOGE, "0.004", "0.4", leverage=20),  # loses more than its margin in the same jump
]
CALM = [(SPOT, D("1.012")), (SPOT, D("0.98")), (ADA, D("1.01")), (ADA, D("1.06")), (ADA, D("0.93"))]
"""What the prices do then, in one minute."""
JUMP = [(DOGE, D("0.7"))]
"""Over two minutes, the last price alone: the second opens at it."""
