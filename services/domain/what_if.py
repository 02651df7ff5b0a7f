"""The same signal with other exits: plans changed as somebody asks "what if"."""

from datetime import timedelta
from decimal import Decimal

import msgspec

from services.domain.plan import Plan, Target, Trailing


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be otherwise; None leaves it as it was. Percents are of the entry price.

    stop_factor, target_factor    times the distance from the entry that they had
    stop_percent, target_percent  a distance of their own, for all targets the same steps apart
    trailing_percent              a trailing stop so far behind the best price, beside the stop
    time_stop                     how long after its entry a trade is closed at the latest
    """

    stop_factor: Decimal | None = None
    stop_percent: Decimal | None = None
    target_factor: Decimal | None = None
    target_percent: Decimal | None = None
    trailing_percent: Decimal | None = None
    time_stop: timedelta | None = None
    leverage: int | None = None
    position_size: Decimal | None = None


def changed(plan: Plan, entry: Decimal, changes: Changes) -> Plan:
    """`plan`, which was entered at `entry` USDT, with the changes; the grid is not looked at."""
    sign = plan.direction.sign
    stop = plan.stop_loss
    if changes.stop_percent is not None:
        stop = entry * (1 - sign * changes.stop_percent / 100)
    elif changes.stop_factor is not None:
        stop = entry - (entry - stop) * changes.stop_factor
    rules = plan.rules
    if changes.trailing_percent is not None:
        rules = msgspec.structs.replace(rules, trailing=Trailing(percent=changes.trailing_percent))
    if changes.time_stop is not None:
        rules = msgspec.structs.replace(rules, time_stop=changes.time_stop)
    return msgspec.structs.replace(
        plan,
        stop_loss=stop,
        targets=_targets(plan, entry, changes),
        rules=rules,
        leverage=changes.leverage or plan.leverage,
        position_size=changes.position_size or plan.position_size,
    )


def _targets(plan: Plan, entry: Decimal, changes: Changes) -> tuple[Target, ...]:
    sign = plan.direction.sign
    if changes.target_percent is not None:
        step = entry * changes.target_percent / 100
        return tuple(
            Target(entry + sign * number * step, target.fraction) for number, target in enumerate(plan.targets, start=1)
        )
    if changes.target_factor is not None:
        factor = changes.target_factor
        return tuple(Target(entry + (target.price - entry) * factor, target.fraction) for target in plan.targets)
    return plan.targets
