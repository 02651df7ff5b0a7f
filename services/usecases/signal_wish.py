"""From what a signal says to the trade that an account shall open."""

from decimal import Decimal

from services.domain.errors import InvalidInput
from services.domain.market import Instrument
from services.domain.plan import Direction, EntryType, Target
from services.domain.planning import check_plan, on_grid
from services.domain.signal import Intent, at_price
from services.domain.source import NO_OVERRIDES, Overrides, SourceSettings
from services.usecases.new_trade import NewTrade, wanted_plan


def wish_of(
    intent: Intent,
    instrument: Instrument,
    settings: SourceSettings,
    overrides: Overrides = NO_OVERRIDES,
    *,
    market_price: Decimal,
    source: str = "signal",
) -> NewTrade:
    """The trade meant: a follower's overrides before the source's settings before the signal's own word.

    Size: the follower's, the signal's, the source's. Leverage: the signal's up to the lowest cap. `market_price`
    (USDT) is what percentages are of where the entry has no limit. Raises InvalidInput for a LIMIT without a price.
    """
    entry_type = overrides.entry_type or settings.entry_type or intent.entry_type or EntryType.MARKET
    limit = intent.entry_price if entry_type is EntryType.LIMIT else None
    if entry_type is EntryType.LIMIT and limit is None:
        raise InvalidInput(
            "limit_without_price", "a LIMIT entry is wanted, and the signal tells no entry_price", field="entry_price"
        )
    priced = at_price(intent, limit or market_price)
    caps = [cap for cap in (settings.leverage_max, overrides.leverage_max) if cap is not None]
    own_size = overrides.equity_percent is not None or overrides.risk_percent is not None
    size = overrides.position_size or intent.position_size or settings.position_size
    rules = intent.rules if limit is not None else intent.rules.at_market()
    zone = None if limit is None or rules.entry_zone is None else (limit, rules.entry_zone)
    assert priced.stop_loss is not None
    return NewTrade(
        market_type=instrument.market,
        symbol=instrument.symbol,
        direction=intent.direction,
        stop_loss=priced.stop_loss,
        take_profits=tuple(Target(each.price, each.fraction) for each in priced.targets if each.price is not None),
        entry_type=entry_type,
        entry_price=limit if zone is None else None,
        entry_zone=zone,
        break_even_after=rules.break_even_after,
        follow_targets=rules.follow_targets,
        trailing=rules.trailing,
        time_stop=rules.time_stop,
        entry_expires_at=rules.entry_expires_at,
        cancel_on_target=rules.cancel_on_target,
        cancel_on_stop=rules.cancel_on_stop,
        position_size=None if own_size else size,
        equity_percent=overrides.equity_percent,
        risk_percent=overrides.risk_percent,
        leverage=min([intent.leverage or 1, *caps]),
        source=source,
        notes=intent.notes,
    )


def check_on(intent: Intent, instrument: Instrument, settings: SourceSettings) -> None:
    """Everything that is wrong with a signal whatever the market does. Raises InvalidInput or Conflict.

    Where it tells an entry price, its stop and targets must fit that.
    """
    stand_in = intent.entry_price or _between(intent)
    if stand_in is None:
        stand_in = max(instrument.filters.tick_size, Decimal("1e-8")) * 10_000_000
    wish = wish_of(intent, instrument, settings, market_price=stand_in)
    plan = on_grid(wanted_plan(wish), instrument.filters)
    check_plan(plan, instrument)
    if intent.entry_price is not None and plan.limit_price is None:
        at_reference = wish_of(intent, instrument, _LIMITED, market_price=stand_in)
        check_plan(on_grid(wanted_plan(at_reference), instrument.filters), instrument)


def _between(intent: Intent) -> Decimal | None:
    """A price between stop and first target, where both are prices. Raises InvalidInput when there can be none."""
    first = intent.targets[0].price if intent.targets else None
    if intent.stop_loss is None or first is None:
        return intent.stop_loss or first
    if (first - intent.stop_loss) * intent.direction.sign <= 0:
        below = "below" if intent.direction is Direction.LONG else "above"
        raise InvalidInput(
            "stop_misplaced",
            f"a {intent.direction} stop_loss must lie {below} the take_profit {first}, got {intent.stop_loss}",
            field="stop_loss",
            numbers={"stop_loss": intent.stop_loss, "take_profit_1": first},
        )
    return (intent.stop_loss + first) / 2


_LIMITED = SourceSettings(entry_type=EntryType.LIMIT)
