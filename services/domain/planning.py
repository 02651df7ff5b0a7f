"""Checking a plan: prices to the grid, and every rule that holds whatever the market does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from services.domain.errors import Conflict, InvalidInput
from services.domain.market import Filters, Instrument, InstrumentStatus, Market
from services.domain.money import ZERO, ceil_to, floor_to
from services.domain.plan import ONLY_FOR_LIMIT, Direction, EntryType, Plan, Rules, Target, Trailing

LEVERAGE_MAX = {Market.SPOT: 1, Market.FUTURES: 150}
"""Whatever the size; the instrument's brackets allow less."""
TARGETS_MAX = 10
TIME_STOP_MAX = timedelta(days=365)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Times outside mean nothing here, and near the ends of the calendar there is no minute around them, or no UTC."""
TRAIL_PERCENT_MAX = Decimal(50)


def on_grid(plan: Plan, filters: Filters) -> Plan:
    """The plan with its prices on the tick.

    A limit buy goes down and a limit sell up; the stop away from profit, targets and the price at which trailing
    starts towards it: LONG stop down, target up; SHORT mirrored. A distance goes up.
    """
    tick = filters.tick_size
    towards, away = (ceil_to, floor_to) if plan.direction is Direction.LONG else (floor_to, ceil_to)
    limit, zone, trailing = plan.limit_price, plan.rules.entry_zone, plan.rules.trailing
    if trailing is not None:
        trailing = Trailing(
            distance=None if trailing.distance is None else ceil_to(trailing.distance, tick),
            percent=trailing.percent,
            activation=None if trailing.activation is None else towards(trailing.activation, tick),
        )
    zone = None if zone is None else away(zone, tick)
    return msgspec.structs.replace(
        plan,
        limit_price=None if limit is None else away(limit, tick),
        stop_loss=away(plan.stop_loss, tick),
        targets=tuple(Target(towards(target.price, tick), target.fraction) for target in plan.targets),
        rules=msgspec.structs.replace(plan.rules, trailing=trailing, entry_zone=zone),
    )


def check_plan(plan: Plan, instrument: Instrument) -> None:
    """Everything that is wrong with a plan whatever the market does. Raises InvalidInput or Conflict."""
    if instrument.status is not InstrumentStatus.TRADING:
        raise Conflict("not_trading", f"{instrument} is {instrument.status}: no new trades", field="symbol")
    if instrument.market is Market.SPOT and plan.direction is Direction.SHORT:
        raise InvalidInput("spot_is_long_only", "spot trades are LONG only", field="direction")
    cap = LEVERAGE_MAX[instrument.market]
    if not 1 <= plan.leverage <= cap:
        allowed = "1" if cap == 1 else f"1 to {cap}"
        raise InvalidInput(
            "leverage_out_of_range",
            f"leverage must be {allowed} on {instrument.market}, got {plan.leverage}",
            field="leverage",
            numbers={"leverage": plan.leverage, "max": cap},
        )
    if plan.position_size <= 0:
        raise InvalidInput("size_not_positive", "position_size must be above zero", field="position_size")
    if (plan.entry_type is EntryType.LIMIT) != (plan.limit_price is not None):
        raise InvalidInput(
            "entry_price_mismatch",
            "a LIMIT entry needs entry_price, a MARKET entry must not have one",
            field="entry_price",
        )
    check_targets(plan.targets, plan.rules)
    _check_rules(plan)
    if plan.limit_price is not None:
        check_order(plan, plan.limit_price)


def check_targets(targets: tuple[Target, ...], rules: Rules) -> None:
    """How many, and what share each closes. Raises InvalidInput."""
    if not targets and rules.trailing is None:
        raise InvalidInput("no_target", "a plan needs a take_profit, or a trailing stop", field="take_profit")
    if len(targets) > TARGETS_MAX:
        raise InvalidInput(
            "too_many_targets", f"at most {TARGETS_MAX} take_profits, got {len(targets)}", field="take_profits"
        )
    total = sum((target.fraction for target in targets), ZERO)
    if any(target.fraction <= 0 for target in targets) or (targets and total != 1):
        raise InvalidInput(
            "fractions_not_whole",
            f"each fraction must be above zero and all together 1, got {total.normalize():f}",
            field="take_profits",
            numbers={"sum": total},
        )


def check_order(plan: Plan, entry: Decimal, *, reference: str = "entry", stop: Decimal | None = None) -> None:
    """LONG: stop < entry < first target < next; SHORT the reverse. Raises InvalidInput naming the misplaced price.

    `entry` is called `reference` in the message; `stop` is where the stop stands, if not where the plan has it.
    """
    sign = plan.direction.sign
    stop_loss = plan.stop_loss if stop is None else stop
    numbers = {reference.split()[-1]: entry, "stop_loss": stop_loss}
    numbers |= {f"take_profit_{number}": target.price for number, target in enumerate(plan.targets, start=1)}
    below, above = ("below", "above") if sign > 0 else ("above", "below")
    if stop_loss <= 0 or (entry - stop_loss) * sign <= 0:
        raise InvalidInput(
            "stop_misplaced",
            f"a {plan.direction} stop_loss must lie {below} the {reference} {entry}, got {stop_loss}",
            field="stop_loss",
            numbers=numbers,
        )
    before, name = entry, f"the {reference}"
    for number, target in enumerate(plan.targets, start=1):
        if target.price <= 0 or (target.price - before) * sign <= 0:
            raise InvalidInput(
                "target_misplaced",
                f"a {plan.direction} take_profit must lie {above} {name} {before}, got {target.price}",
                field="take_profit",
                numbers=numbers,
            )
        before, name = target.price, f"take_profit {number} at"


def _check_rules(plan: Plan) -> None:
    rules, trailing = plan.rules, plan.rules.trailing
    if rules.break_even_after is not None and not 1 <= rules.break_even_after < max(len(plan.targets), 1):
        raise InvalidInput(
            "break_even_out_of_range",
            f"break_even_after must be 1 to {len(plan.targets) - 1}: a target before the last",
            field="break_even_after",
            numbers={"take_profits": len(plan.targets)},
        )
    if rules.time_stop is not None and not timedelta(0) < rules.time_stop <= TIME_STOP_MAX:
        raise InvalidInput(
            "time_stop_out_of_range",
            f"time_stop must be above zero, and {TIME_STOP_MAX.days} days at most",
            field="time_stop",
        )
    if rules.entry_expires_at is not None and not EARLIEST <= rules.entry_expires_at < LATEST:
        raise InvalidInput(
            "entry_expiry_out_of_range",
            f"entry_expires_at must lie from {EARLIEST.year} to {LATEST.year}; "
            "left out, the entry rests until it is cancelled",
            field="entry_expires_at",
        )
    if plan.limit_price is None:
        for field in ONLY_FOR_LIMIT:
            if getattr(rules, field):
                raise InvalidInput("only_for_limit", f"{field} is for LIMIT entries", field=field)
    if rules.cancel_on_target and not plan.targets:
        raise InvalidInput("no_target", "cancel_on_target needs a take_profit", field="cancel_on_target")
    if trailing is not None:
        _check_trailing(plan, trailing)


def _check_trailing(plan: Plan, trailing: Trailing) -> None:
    if (trailing.distance is None) == (trailing.percent is None):
        raise InvalidInput("trailing_distance", "give either distance or percent", field="trailing")
    if trailing.distance is not None and trailing.distance <= 0:
        raise InvalidInput("trailing_distance", "distance must be above zero", field="trailing.distance")
    if trailing.percent is not None and not 0 < trailing.percent <= TRAIL_PERCENT_MAX:
        raise InvalidInput(
            "trailing_distance",
            f"percent must be above 0, and {TRAIL_PERCENT_MAX} at most",
            field="trailing.percent",
        )
    start = plan.limit_price
    if (
        trailing.activation is not None
        and start is not None
        and (trailing.activation - start) * plan.direction.sign <= 0
    ):
        raise InvalidInput(
            "activation_misplaced",
            f"trailing must start beyond the entry {start}, got {trailing.activation}",
            field="trailing.activation",
        )
