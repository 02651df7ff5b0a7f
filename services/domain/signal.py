"""Signals: what a source says, and what it means once it is checked."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec

from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules, Trailing, edges
from services.domain.planning import EARLIEST, LEVERAGE_MAX
from services.domain.source import LAG_SECONDS_MAX, TARGET_PERCENT_MAX, SourceSettings

FUTURE_MAX = timedelta(minutes=1)
"""How far ahead of the exchange's clock a signal's own time may be: clocks differ, seconds are taken for now."""
_DIGITS_MAX = 30
_TEXTS = (("timeframe", 20), ("strategy", 80), ("notes", 4000))


class SignalStatus(StrEnum):
    """Where a signal stands; every status but ACTIVE is final."""

    ACTIVE = "ACTIVE"
    EXECUTED = "EXECUTED"
    """At least one account traded it."""
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    """At intake, or by every account that follows."""
    CANCELLED = "CANCELLED"


class SignalAction(StrEnum):
    """ENTRY opens a trade; EXIT ends those that the source's earlier signals opened on the pair."""

    ENTRY = "ENTRY"
    EXIT = "EXIT"


class Level(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A take-profit: at a price, or so many percent of the entry away; and the share that it closes."""

    price: Decimal | None = None
    percent: Decimal | None = None
    fraction: Decimal = Decimal(1)


class NewSignal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a source says. Prices in USDT; percentages are of the entry price.

    direction        which way to trade; of an EXIT the side that ends, both if absent
    entry_price      the limit of a LIMIT entry; for MARKET the price that the source saw, nothing but a record
    entry_zone       [from, to], instead of entry_price: enters at the first price inside, or better; without an
                     entry_type it means LIMIT
    entry_expires_at a LIMIT entry that no minute before it has filled is cancelled; without it, it rests for ever
    stop_loss        or stop_loss_percent, else the source's default
    take_profit      or take_profit_percent, or several take_profits, else the source's default
    leverage         1 if absent; the source's and the follower's cap bind
    position_size    margin in USDT; a follower's own size goes before it
    confidence       0 to 1
    signal_time      when it arose, of the exchange's clock; the time of receipt if absent
    expires_at       no trade is made of it from then on; max_lag_seconds likewise, counted from signal_time

    What is omitted and what is told as its default are the same signal: so say the bytes that it is recognised by.

    The rules of a trade plan (trailing, break_even_after, follow_targets, time_stop, cancel_on_target,
    cancel_on_stop) are handed on to the trades as they are.
    """

    market_type: Market
    symbol: str
    action: SignalAction = SignalAction.ENTRY
    direction: Direction | None = None
    entry_type: EntryType | None = None
    entry_price: Decimal | None = None
    entry_zone: tuple[Decimal, Decimal] | None = None
    entry_expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    stop_loss: Decimal | None = None
    stop_loss_percent: Decimal | None = None
    take_profit: Decimal | None = None
    take_profit_percent: Decimal | None = None
    take_profits: tuple[Level, ...] | None = None
    trailing: Trailing | None = None
    break_even_after: int | None = None
    follow_targets: bool = False
    time_stop: timedelta | None = None
    cancel_on_target: bool = False
    cancel_on_stop: bool = False
    leverage: int | None = None
    position_size: Decimal | None = None
    timeframe: str = ""
    strategy: str = ""
    confidence: Decimal | None = None
    signal_time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    max_lag_seconds: int | None = None
    notes: str = ""


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """A checked EXIT: trades on one side end, or on both (None). What rests unfilled is cancelled."""

    direction: Direction | None
    timeframe: str
    strategy: str
    confidence: Decimal | None
    notes: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A checked ENTRY: what shall be done, whoever does it. Exactly one of the two stops is set.

    Of an entry zone, `entry_price` is the near edge and the rules have the far one, as in a plan.
    """

    direction: Direction
    entry_type: EntryType | None
    entry_price: Decimal | None
    stop_loss: Decimal | None
    stop_loss_percent: Decimal | None
    targets: tuple[Level, ...]
    rules: Rules
    leverage: int | None
    position_size: Decimal | None
    timeframe: str
    strategy: str
    confidence: Decimal | None
    notes: str

    @property
    def needs_price(self) -> bool:
        """Whether a stop or a target hangs on the entry price."""
        return self.stop_loss is None or any(target.price is None for target in self.targets)


class Lifetime(msgspec.Struct, frozen=True):
    """When a signal arose and until when it may become a trade, of the exchange's clock."""

    signal_time: datetime
    expires_at: datetime


def meaning_of(signal: NewSignal, settings: SourceSettings) -> Intent | Exit:
    """What `signal` means under its source's settings. Raises InvalidInput naming the field."""
    _check_numbers(signal)
    return _intent(signal, settings) if signal.action is SignalAction.ENTRY else _exit(signal)


def _exit(signal: NewSignal) -> Exit:
    for field in signal.__struct_fields__:
        if field not in _OF_EXITS and getattr(signal, field) != getattr(_PLAIN, field):
            raise InvalidInput("not_of_an_exit", f"an EXIT opens nothing and takes no {field}", field=field)
    return Exit(
        direction=signal.direction,
        timeframe=signal.timeframe,
        strategy=signal.strategy,
        confidence=signal.confidence,
        notes=signal.notes,
    )


def _intent(signal: NewSignal, settings: SourceSettings) -> Intent:
    if signal.direction is None:
        raise InvalidInput("no_direction", "an ENTRY needs a direction, LONG or SHORT", field="direction")
    stop, stop_percent = signal.stop_loss, signal.stop_loss_percent
    if stop is not None and stop_percent is not None:
        raise InvalidInput("two_stops", "give either stop_loss or stop_loss_percent", field="stop_loss_percent")
    if stop is None and stop_percent is None:
        stop_percent = settings.stop_loss_percent
    if stop is None and stop_percent is None:
        raise InvalidInput(
            "no_stop_loss", "the signal has no stop_loss, and the source sets no stop_loss_percent", field="stop_loss"
        )
    targets = _targets(signal, settings)
    _check_percents(signal.direction, stop_percent, targets)
    entry_type, near, far = signal.entry_type, signal.entry_price, None
    if signal.entry_zone is not None:
        if near is not None:
            raise InvalidInput("two_entries", "give either entry_price or entry_zone", field="entry_zone")
        entry_type, (near, far) = entry_type or EntryType.LIMIT, edges(signal.entry_zone, signal.direction)
    return Intent(
        direction=signal.direction,
        entry_type=entry_type,
        entry_price=near,
        stop_loss=stop,
        stop_loss_percent=stop_percent,
        targets=targets,
        rules=Rules(
            break_even_after=signal.break_even_after,
            follow_targets=signal.follow_targets,
            trailing=signal.trailing,
            time_stop=signal.time_stop,
            entry_expires_at=signal.entry_expires_at,
            cancel_on_target=signal.cancel_on_target,
            cancel_on_stop=signal.cancel_on_stop,
            entry_zone=far,
        ),
        leverage=signal.leverage,
        position_size=signal.position_size,
        timeframe=signal.timeframe,
        strategy=signal.strategy,
        confidence=signal.confidence,
        notes=signal.notes,
    )


_PLAIN = NewSignal(market_type=Market.SPOT, symbol="")
_OF_EXITS = frozenset(
    {"market_type", "symbol", "action", "direction", "timeframe", "strategy", "confidence", "notes"}
) | {
    "signal_time",
    "expires_at",
    "max_lag_seconds",
}


def lifetime_of(signal: NewSignal, settings: SourceSettings, now: datetime) -> Lifetime:
    """When it arose and when it ends, `now` being exchange time. Raises InvalidInput for a time that cannot be."""
    time = now if signal.signal_time is None else signal.signal_time
    if time < EARLIEST:
        raise InvalidInput("bad_time", f"signal_time must be {EARLIEST.year} or later", field="signal_time")
    if time - now > FUTURE_MAX:
        raise InvalidInput(
            "signal_from_the_future",
            f"signal_time {time.isoformat()} lies ahead of the exchange's clock",
            field="signal_time",
            numbers={"signal_time": time.isoformat(), "now": now.isoformat()},
        )
    time = min(time, now)
    lag = min(settings.max_lag_seconds, signal.max_lag_seconds or LAG_SECONDS_MAX)
    ends = time + timedelta(seconds=lag)
    for field in ("expires_at", "entry_expires_at"):
        end = getattr(signal, field)
        if end is not None and end <= time:
            raise InvalidInput("expires_before_it_arose", f"{field} must lie after signal_time", field=field)
    if signal.expires_at is not None:
        ends = min(ends, signal.expires_at)
    return Lifetime(time, ends)


def at_price(intent: Intent, entry: Decimal) -> Intent:
    """The same with every percentage turned into the price it means for an entry at `entry`."""
    sign = intent.direction.sign
    stop = intent.stop_loss
    if stop is None:
        assert intent.stop_loss_percent is not None
        stop = entry * (1 - sign * intent.stop_loss_percent / 100)
    targets = tuple(
        target
        if target.percent is None
        else Level(price=entry * (1 + sign * target.percent / 100), fraction=target.fraction)
        for target in intent.targets
    )
    return msgspec.structs.replace(intent, stop_loss=stop, stop_loss_percent=None, targets=targets)


def _is_sane(value: Decimal) -> bool:
    """Finite, of a size that prices and amounts have, and not written with hundreds of digits."""
    return value.is_finite() and -_DIGITS_MAX <= value.adjusted() < 15 and len(value.as_tuple().digits) <= _DIGITS_MAX


def _targets(signal: NewSignal, settings: SourceSettings) -> tuple[Level, ...]:
    names = ("take_profit", "take_profit_percent", "take_profits")
    given = [name for name in names if getattr(signal, name) is not None]
    if len(given) > 1:
        raise InvalidInput("two_targets", f"give only one of {', '.join(given)}", field=given[1])
    if signal.take_profits is not None:
        return signal.take_profits
    percent = signal.take_profit_percent
    if not given and signal.trailing is None:
        percent = settings.take_profit_percent
    if signal.take_profit is None and percent is None:
        return ()
    return (Level(price=signal.take_profit, percent=percent),)


def _check_percents(direction: Direction, stop: Decimal | None, targets: tuple[Level, ...]) -> None:
    """A price cannot fall by all of it. LONG: the stop; SHORT: the targets."""
    stop_max, target_max = Decimal(100), TARGET_PERCENT_MAX
    if direction is Direction.SHORT:
        stop_max, target_max = TARGET_PERCENT_MAX, Decimal(100)
    if stop is not None and not stop < stop_max:
        raise InvalidInput(
            "percent_out_of_range", f"stop_loss_percent must be below {stop_max}", field="stop_loss_percent"
        )
    for target in targets:
        if (target.price is None) == (target.percent is None):
            raise InvalidInput("target_unclear", "a target has either price or percent", field="take_profits")
        if target.percent is not None and not target.percent < target_max:
            raise InvalidInput(
                "percent_out_of_range", f"a target's percent must be below {target_max}", field="take_profit_percent"
            )
    percents = [target.percent for target in targets if target.percent is not None]
    if percents != sorted(set(percents)):
        raise InvalidInput("targets_unordered", "each target must lie beyond the one before", field="take_profits")


def _check_numbers(signal: NewSignal) -> None:
    numbers: list[tuple[str, Decimal | None]] = [
        (name, getattr(signal, name))
        for name in (
            *("entry_price", "stop_loss", "stop_loss_percent", "take_profit", "take_profit_percent"),
            "position_size",
        )
    ]
    numbers += [("entry_zone", edge) for edge in signal.entry_zone or ()]
    for target in signal.take_profits or ():
        numbers += [("take_profits", target.price), ("take_profits", target.percent), ("take_profits", target.fraction)]
    for field, value in numbers:
        if value is not None and not (_is_sane(value) and value > 0):
            raise InvalidInput("not_a_positive_number", f"{field} must be a positive, finite number", field=field)
    if signal.confidence is not None and not (_is_sane(signal.confidence) and 0 <= signal.confidence <= 1):
        raise InvalidInput("confidence_out_of_range", "confidence must be 0 to 1", field="confidence")
    most = LEVERAGE_MAX[signal.market_type]
    if signal.leverage is not None and not 1 <= signal.leverage <= most:
        raise InvalidInput(
            "leverage_out_of_range",
            f"leverage must be 1 to {most} on {signal.market_type}, got {signal.leverage}",
            field="leverage",
            numbers={"leverage": signal.leverage, "max": most},
        )
    lag = signal.max_lag_seconds
    if lag is not None and not 1 <= lag <= LAG_SECONDS_MAX:
        raise InvalidInput("out_of_range", f"max_lag_seconds must be 1 to {LAG_SECONDS_MAX}", field="max_lag_seconds")
    for field, longest in _TEXTS:
        text = getattr(signal, field)
        if len(text) > longest or "\x00" in text:
            raise InvalidInput("bad_text", f"{field} must have at most {longest} printable characters", field=field)
