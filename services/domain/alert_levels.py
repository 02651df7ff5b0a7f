"""The entry zone, the stop and the targets of an alert: prices, percentages, several of them, and 3Commas' steps."""

import re
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any

from services.domain.alert_text import Fields
from services.domain.errors import InvalidInput
from services.domain.planning import TARGETS_MAX
from services.domain.signal import Level

_STOPS = ("stop_loss", "sl", "stop", "stoploss", "stop_price", "stop_loss_price")
_STOP_PERCENTS = ("stop_loss_percent", "sl_percent", "sl_pct", "stop_percent")
_TARGETS = ("take_profit", "tp", "target", "takeprofit", "take_profit_price", "tp_price")
_TARGET_PERCENTS = ("take_profit_percent", "tp_percent", "tp_pct", "target_percent")
_LISTS = ("take_profits", "targets")
_ZONES = ("entry_zone", "entry_range", "zone")
_BETWEEN_EDGES = re.compile(r"\s*[-,;/\s]\s*")
_NUMBERED = re.compile(r"(?:take_profit|tp|target)_?([1-9][0-9]?)")
_DIGITS_MAX = 30
_SHARE_STEP = Decimal("0.0001")


def read_stop(fields: Fields) -> tuple[Decimal | None, Decimal | None]:
    """The stop as a price or as percent of the entry; neither where the alert has none. Raises InvalidInput."""
    for name in _STOPS:
        if name in fields:
            level = _level(fields[name], "stop_loss")
            if level is not None:
                return level.price, level.percent
    for name in _STOP_PERCENTS:
        if name in fields:
            return None, abs(number(fields[name], name))
    return None, None


def read_targets(fields: Fields) -> tuple[Level, ...] | None:
    """The targets in their order; None where the alert has none. Without shares, each closes as much.

    Raises InvalidInput.
    """
    found: list[Level] = []
    numbered = sorted((int(match[1]), name) for name in fields if (match := _NUMBERED.fullmatch(name)))
    for name in (*_LISTS, *_TARGETS, *(name for _, name in numbered)):
        if name in fields:
            found += _levels(fields[name])
            if found and name in (*_LISTS, *_TARGETS):
                break
    for name in () if found else _TARGET_PERCENTS:
        if name in fields:
            return (Level(percent=abs(number(fields[name], name))),)
    if len(found) > TARGETS_MAX:
        raise InvalidInput(
            "too_many_targets", f"at most {TARGETS_MAX} take_profits, got {len(found)}", field="take_profits"
        )
    return _shared(found) if found else None


def read_zone(fields: Fields) -> tuple[Decimal, Decimal] | None:
    """The two edges of the entry zone, a list or text (59000-60000), in any order; None where the alert has none.

    Raises InvalidInput.
    """
    name = next((name for name in _ZONES if name in fields), None)
    if name is None:
        return None
    told = fields[name]
    parts = _BETWEEN_EDGES.split(told.strip()) if isinstance(told, str) else told
    if not isinstance(parts, list) or len(parts) != 2:
        raise InvalidInput("zone_unclear", f"{name} must be two prices, as 59000-60000", field="entry_zone")
    first, second = (number(part, "entry_zone") for part in parts)
    return first, second


def number(value: Any, field: str) -> Decimal:
    """The finite number that a value spells. Raises InvalidInput."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        found = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS_MAX or len(found.as_tuple().digits) > _DIGITS_MAX:
        raise InvalidInput("not_a_number", f"{field} must be a number, got {str(value)[:40]!r}", field=field)
    return found


def _levels(value: Any) -> list[Level]:
    if isinstance(value, dict) and isinstance(value.get("steps"), list):
        value = value["steps"] if _is_enabled(value) else []
    parts = value if isinstance(value, list) else [value]
    return [level for part in parts if (level := _level(part, "take_profit")) is not None]


def _level(value: Any, field: str) -> Level | None:
    """A price, "2%", or an object with price or percent; None for one that is switched off."""
    if isinstance(value, dict):
        return _object(value, field)
    if isinstance(value, str) and value.strip().endswith("%"):
        return Level(percent=abs(number(value.strip().removesuffix("%"), field)))
    return Level(price=number(value, field))


def _object(value: dict[str, Any], field: str) -> Level | None:
    if not _is_enabled(value):
        return None
    share = next((value[name] for name in ("volume_percent", "quantity_percent") if name in value), None)
    fraction = number(value["fraction"], field) if "fraction" in value else Decimal(0)
    if share is not None:
        fraction = number(share, field) / 100
    for name in ("price", "trigger_price"):
        if value.get(name) not in (None, ""):
            return Level(price=number(value[name], field), fraction=fraction)
    for name in ("percent", "price_percent", "trigger_price_percent"):
        if value.get(name) not in (None, ""):
            return Level(percent=abs(number(value[name], field)), fraction=fraction)
    raise InvalidInput("level_unclear", f"{field} tells neither a price nor a percentage", field=field)


def _is_enabled(value: dict[str, Any]) -> bool:
    return value.get("enabled", True) not in (False, "false", "False", 0)


def _shared(levels: list[Level]) -> tuple[Level, ...]:
    """Equal shares where none is told; the last one takes what rounding leaves."""
    told = [level.fraction for level in levels]
    if len(levels) == 1 and told[0] in (0, 1):
        return (Level(price=levels[0].price, percent=levels[0].percent),)
    if all(fraction in (0, 1) for fraction in told):
        share = (Decimal(1) / len(levels)).quantize(_SHARE_STEP, ROUND_DOWN)
        shares = [share] * (len(levels) - 1)
        told = [*shares, 1 - sum(shares, Decimal(0))]
    return tuple(
        Level(price=level.price, percent=level.percent, fraction=fraction)
        for level, fraction in zip(levels, told, strict=True)
    )
