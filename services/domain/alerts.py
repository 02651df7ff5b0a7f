"""What alerts mean: TradingView's, 3Commas-shaped ones, `key=value` text and rows of CSV, as signals.

The shapes are those of the public documentation of TradingView (placeholders such as {{ticker}},
{{strategy.order.action}}, {{timenow}}) and of 3Commas' signal bots (tv_instrument, action enter_long, take_profit with
steps) and DCA bots (message_type bot, pair USDT_BTC). Names that mean nothing here are passed over.
"""

import re
from collections.abc import Set
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from services.domain.alert_levels import number, read_stop, read_targets, read_zone
from services.domain.alert_text import Fields
from services.domain.errors import InvalidInput
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Trailing
from services.domain.signal import NewSignal, SignalAction
from services.domain.source import SourceSettings
from services.domain.ticker import read_market, read_ticker

_LONG = frozenset(
    {"buy", "long", "enter_long", "open_long", "entry_long", "long_entry", "go_long", "bull", "bullish", "start_long"}
)
_SHORT = frozenset(
    {"sell", "short", "enter_short", "open_short", "entry_short", "short_entry", "go_short", "bear", "bearish"}
)
_SIDES, _ORDERS = frozenset({"long", "short"}), frozenset({"buy", "sell"})
_EXIT = re.compile(r"(exit|close|flat|cancel).*|stop_(long|short|bot_and_.*)|(long|short)_(exit|close)")
_OTHER = re.compile(r"(stop_|reduce|take_profit|tp\d*_hit|sl_hit|start_bot|disable|add_funds).*")
"""Parts of a position, and what only tells of a bot: a follower's trades have targets of their own."""
_ACTIONS = ("action", "side", "direction", "signal", "order_action", "position", "type")
_SYMBOLS = ("symbol", "ticker", "tv_instrument", "pair", "instrument", "coin")
_PRICES = ("entry_price", "entry", "limit_price", "price", "order_price", "trigger_price", "close")
_TIMES = ("signal_time", "timenow", "timestamp")
_KEYS = ("idempotency_key", "alert_id", "signal_id")
_MINUTES = {"1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "45": "45m", "60": "1h", "120": "2h"} | {
    "180": "3h", "240": "4h", "360": "6h", "480": "8h", "720": "12h", "d": "1d", "w": "1w", "m": "1M",
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = Decimal(100_000_000_000)
"""Numbers from here on count milliseconds: in seconds this is the year 5138."""


class Alert(msgspec.Struct, frozen=True):
    """The signal an alert means, and its idempotency key if it has one.

    before  the exit of the other side, where a strategy goes from one side to the other by one order
    """

    signal: NewSignal
    key: str | None
    before: NewSignal | None = None


def read_alert(fields: Fields, settings: SourceSettings) -> Alert:
    """What the fields of one alert mean for a source. Raises InvalidInput naming the rule and the field.

    `time` is TradingView's bar time and not when the alert arose, so it is passed over; quantities likewise: sizes
    are the follower's business, but for `position_size`, margin in USDT.
    """
    action, direction = _asked(fields)
    market, symbol = _instrument(fields, settings)
    if action is SignalAction.EXIT:
        return Alert(_exit(fields, market, symbol, direction), _key(fields))
    zone = read_zone(fields)
    stop, stop_percent = read_stop(fields)
    signal = NewSignal(
        market_type=market,
        symbol=symbol,
        direction=direction,
        entry_type=_entry_type(fields),
        entry_price=_number(fields, *_PRICES) if zone is None else None,
        entry_zone=zone,
        entry_expires_at=_time(fields, "entry_expires_at", "entry_expiry"),
        stop_loss=stop,
        stop_loss_percent=stop_percent,
        take_profits=read_targets(fields),
        trailing=_trailing(fields),
        leverage=_leverage(fields),
        position_size=None if "market_position" in fields else _number(fields, "position_size"),
        timeframe=_timeframe(fields),
        strategy=_text(fields, 80, "strategy", "strategy_name", "indicator"),
        confidence=_number(fields, "confidence"),
        signal_time=_time(fields, *_TIMES),
        expires_at=_time(fields, "expires_at", "expiry"),
        max_lag_seconds=_whole(fields, "max_lag", "max_lag_seconds"),
        notes=_text(fields, 4000, "notes", "comment", "message", "order_comment"),
    )
    other = _reversed(fields, direction)
    return Alert(signal, _key(fields), None if other is None else _exit(fields, market, symbol, other))


def _exit(fields: Fields, market: Market, symbol: str, direction: Direction | None) -> NewSignal:
    """What a template for entries carries besides, stops and prices, is passed over."""
    return NewSignal(
        action=SignalAction.EXIT,
        market_type=market,
        symbol=symbol,
        direction=direction,
        timeframe=_timeframe(fields),
        strategy=_text(fields, 80, "strategy", "strategy_name", "indicator"),
        signal_time=_time(fields, *_TIMES),
        expires_at=_time(fields, "expires_at", "expiry"),
        max_lag_seconds=_whole(fields, "max_lag", "max_lag_seconds"),
        notes=_text(fields, 4000, "notes", "comment", "message", "order_comment"),
    )


def _asked(fields: Fields) -> tuple[SignalAction, Direction | None]:
    """Entry or exit, and of which side; None: of both.

    A word that closes decides, wherever it stands: beside it a side only tells what ends, and an order what does that.
    Where a strategy tells the position it holds now, an order against it or to flat ends the other side.
    """
    told = [(name, word) for name in _ACTIONS if isinstance(fields.get(name), str) and (word := _word(fields[name]))]
    known = [(name, word) for name, word in told if word in _LONG or word in _SHORT or _closes(word)]
    if not known:
        if _word(fields.get("message_type", "")) == "bot" and not told:
            return SignalAction.ENTRY, Direction.LONG
        name, word = next(((n, w) for n, w in told if n != "type"), ("action", ""))
        if word:
            raise InvalidInput(
                "unknown_direction", f"{name} must be buy, sell, long or short, got {word[:40]!r}", field=name
            )
        raise InvalidInput("no_direction", "the alert tells neither buy nor sell", field="direction")
    # Beside a side, a type of stop_market or take_profit is the order's.
    parts = [(name, word) for name, word in known if _OTHER.fullmatch(word) and (name != "type" or len(known) == 1)]
    closing = [each for each in known if _EXIT.fullmatch(each[1]) or each in parts]
    if closing:
        return SignalAction.EXIT, _ending(*closing[0], {word for _, word in known if not _closes(word)})
    (name, word), words = known[0], {word for _, word in known}
    if words & _LONG and words & _SHORT:
        raise InvalidInput("directions_differ", "the alert tells both long and short", field=name)
    if not _is_entry(word, fields):
        return SignalAction.EXIT, Direction.SHORT if word in _LONG else Direction.LONG
    return SignalAction.ENTRY, Direction.LONG if word in _LONG else Direction.SHORT


def _closes(word: str) -> bool:
    return bool(_EXIT.fullmatch(word) or _OTHER.fullmatch(word))


def _ending(name: str, word: str, beside: Set[str]) -> Direction | None:
    """The side that an exit's word names, or those beside it do. Raises InvalidInput where it is no exit alone."""
    if not _EXIT.fullmatch(word):
        raise InvalidInput(
            "neither_entry_nor_exit", f"{name}={word[:40]} neither opens nor ends a whole position", field=name
        )
    if beside - _SIDES - _ORDERS:
        raise InvalidInput("entry_and_exit", "the alert tells both an entry and an exit: send one of each", field=name)
    named = {side for side in _SIDES if side in word} or beside & _SIDES
    return Direction("".join(named).upper()) if len(named) == 1 else None


def _is_entry(word: str, fields: Fields) -> bool:
    position = _word(fields.get("market_position", ""))
    return not position or position == ("long" if word in _LONG else "short")


def _reversed(fields: Fields, direction: Direction | None) -> Direction | None:
    """The side that an entry ends: the strategy held that one, and holds this one now."""
    if direction is None or _word(fields.get("market_position", "")) != direction.lower():
        return None
    other = Direction.SHORT if direction is Direction.LONG else Direction.LONG
    return other if _word(fields.get("prev_market_position", "")) == other.lower() else None


def _word(value: Any) -> str:
    return re.sub(r"[\s\-]+", "_", value.strip().lower()) if isinstance(value, str) else ""


def _instrument(fields: Fields, settings: SourceSettings) -> tuple[Market, str]:
    name = next((name for name in _SYMBOLS if isinstance(fields.get(name), str)), None)
    if name is None:
        raise InvalidInput("no_symbol", "the alert names no ticker", field="symbol")
    market, symbol = read_ticker(fields[name])
    told = next((fields[name] for name in ("market_type", "market") if isinstance(fields.get(name), str)), None)
    if told is not None:
        market = read_market(told)
    return market or settings.market_type or Market.SPOT, symbol


def _entry_type(fields: Fields) -> EntryType | None:
    word = next((word for name in ("entry_type", "order_type") if (word := _word(fields.get(name, "")))), "")
    if not word:
        return None
    try:
        return EntryType(word.upper())
    except ValueError:
        raise InvalidInput(
            "unknown_entry_type", f"order_type must be market or limit, got {word[:40]!r}", field="entry_type"
        ) from None


def _trailing(fields: Fields) -> Trailing | None:
    percent = _number(fields, "trailing_percent", "trailing_stop_percent")
    return None if percent is None else Trailing(percent=percent)


def _number(fields: Fields, *names: str) -> Decimal | None:
    name = next((name for name in names if name in fields), None)
    return None if name is None else number(fields[name], name)


def _whole(fields: Fields, *names: str) -> int | None:
    found = _number(fields, *names)
    if found is None:
        return None
    if abs(found) > 10**9 or found != found.to_integral_value():
        raise InvalidInput("not_a_whole_number", f"{names[0]} must be a whole number", field=names[0])
    return int(found)


def _leverage(fields: Fields) -> int | None:
    name = next((name for name in ("leverage", "lev") if name in fields), None)
    if name is None:
        return None
    value = fields[name]
    return _whole({name: value.strip().lower().removesuffix("x") if isinstance(value, str) else value}, name)


def _timeframe(fields: Fields) -> str:
    told = next((fields[name] for name in ("timeframe", "interval", "tf") if name in fields), "")
    text = str(told).strip()
    return _MINUTES.get(text.lower(), text)[:20] if text.isprintable() else ""


def _text(fields: Fields, longest: int, *names: str) -> str:
    text = next((fields[name] for name in names if isinstance(fields.get(name), str)), "")
    return text[:longest].replace("\x00", "")


def _time(fields: Fields, *names: str) -> datetime | None:
    name = next((name for name in names if name in fields), None)
    if name is None:
        return None
    value = fields[name]
    try:
        if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
            time = msgspec.convert(value.strip().replace(" UTC", "Z"), datetime)
            return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
        told = number(value, name)
        seconds = told / 1000 if told >= _MILLISECONDS_FROM else told
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (msgspec.ValidationError, OverflowError):
        raise InvalidInput(
            "bad_time", f"{name} must be a time (2026-07-01T12:00:00Z) or seconds since 1970", field=name
        ) from None


def _key(fields: Fields) -> str | None:
    key = next((str(fields[name]) for name in _KEYS if name in fields), None)
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidInput("bad_idempotency_key", "a key is 1 to 255 printable ASCII characters", field=_KEYS[0])
    return key
