"""What people read when something happens: a title and a few lines, one template a kind of event."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

TITLE_MAX, BODY_MAX = 120, 3000
_WORDS_MAX = 80

_REASONS = {
    "take_profit": "take profit",
    "stop_loss": "stop loss",
    "break_even": "stop at break-even",
    "target_stop": "stop at the target before",
    "trailing_stop": "trailing stop",
    "manual": "your command",
    "liquidation": "liquidation",
    "delisted": "delisting",
    "time_stop": "time stop",
    "cancelled": "your command",
    "entry_expired": "the entry has expired",
    "target_before_entry": "the target was reached before the entry",
    "stop_before_entry": "the price opened beyond the stop before the entry",
}
_NOTICES = {
    "books_differ": "The books differ: balances, ledger, events or triggers do not agree.",
    "refresh_refused": "A listing of the exchange was refused: too many pairs had gone from it.",
    "feed_frozen": "The exchange's prices stand still: the same answer comes again and again.",
    "feed_moves": "The exchange's prices move again.",
}


class Notice(msgspec.Struct, frozen=True):
    """A message as people get it, in plain text."""

    title: str
    body: str


class _Trade(msgspec.Struct, frozen=True, kw_only=True):
    """What the templates say of a trade."""

    symbol: str
    market_type: str
    direction: str
    status: str
    entry_price: Decimal
    entry_time: datetime | None
    stop_loss: Decimal
    take_profits: tuple[dict[str, Any], ...]
    leverage: int
    margin: Decimal
    source: str
    notes: str
    created_at: datetime
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_reason: str | None
    profit_loss: Decimal | None
    profit_loss_percentage: Decimal | None
    realized_profit_loss: Decimal
    remaining_quantity: Decimal
    quantity: Decimal
    fees: Decimal | None
    funding: Decimal | None
    ambiguous: bool
    void_reason: str | None = None

    @property
    def name(self) -> str:
        """The pair and the side."""
        market = " perp" if self.market_type == "FUTURES" else ""
        leverage = f" {self.leverage}x" if self.leverage > 1 else ""
        return f"{self.symbol}{market} {self.direction}{leverage}"


def notice(type_: str, action: str, data: dict[str, Any]) -> Notice:
    """The text of an event, whose payload is `data`."""
    if type_ == "paper_trade":
        made = _TRADES[action](msgspec.convert(data["trade"], _Trade, strict=False))
    elif type_ == "instrument":
        made = _instrument(action, data)
    elif type_ == "account":
        made = _account(action, data)
    elif type_ == "system":
        text = _NOTICES.get(action, action.replace("_", " ").capitalize() + ".")
        made = Notice("paperfleet: " + action.replace("_", " "), _lines([text, _details(data)]))
    else:
        made = Notice(f"{type_}: {action}".replace("_", " "), _details(data))
    return Notice(made.title[:TITLE_MAX], made.body[:BODY_MAX])


def digest(notices: Sequence[Notice]) -> Notice:
    """Several messages as one."""
    if len(notices) == 1:
        return notices[0]
    body = "\n\n".join(f"{each.title}\n{each.body}" for each in notices)
    return Notice(f"paperfleet: {len(notices)} messages", body[:BODY_MAX])


def _created(trade: _Trade) -> Notice:
    return Notice(
        f"{trade.name} waits at {_number(trade.entry_price)}", _lines([_plan(trade), _size(trade), _source(trade)])
    )


def _opened(trade: _Trade) -> Notice:
    return Notice(
        f"{trade.name} opened at {_number(trade.entry_price)}", _lines([_plan(trade), _size(trade), _source(trade)])
    )


def _updated(trade: _Trade) -> Notice:
    left = ""
    if trade.remaining_quantity < trade.quantity and trade.quantity:
        share = 100 * trade.remaining_quantity / trade.quantity
        left = f"{share:.0f} % still open, {_signed(trade.realized_profit_loss)} USDT realized so far."
    return Notice(f"{trade.name} changed", _lines([_plan(trade), left, _source(trade)]))


def _closed(trade: _Trade) -> Notice:
    profit = trade.profit_loss or Decimal(0)
    percent = "" if trade.profit_loss_percentage is None else f" ({trade.profit_loss_percentage:+.2f} % of margin)"
    how = f"Closed by {_reason(trade)} at {_number(trade.exit_price)}, in at {_number(trade.entry_price)}"
    if trade.entry_time and trade.exit_time:
        how += f", after {_span(trade.exit_time - trade.entry_time)}"
    costs = f"Fees {_money(trade.fees)} USDT"
    if trade.funding:
        costs += f", funding {_money(trade.funding)} USDT"
    doubt = (
        "Ambiguous: the order inside a minute could not be known, the worse one was taken." if trade.ambiguous else ""
    )
    return Notice(
        f"{'WIN' if profit > 0 else 'LOSS'} {trade.name}: {_signed(profit)} USDT{percent}",
        _lines([f"{how}.", f"{costs}.", doubt, _source(trade)]),
    )


def _cancelled(trade: _Trade) -> Notice:
    return Notice(
        f"{trade.name} cancelled",
        _lines([f"It waited at {_number(trade.entry_price)} and never entered: {_reason(trade)}.", _source(trade)]),
    )


def _voided(trade: _Trade) -> Notice:
    return Notice(
        f"{trade.name} struck out",
        _lines([f"It counts for nothing, what it booked was taken back: {_words(trade.void_reason or '')}."]),
    )


_TRADES: dict[str, Callable[[_Trade], Notice]] = {
    "created": _created,
    "opened": _opened,
    "updated": _updated,
    "closed": _closed,
    "cancelled": _cancelled,
    "voided": _voided,
}


def _instrument(action: str, data: dict[str, Any]) -> Notice:
    about = data.get("instrument", data)
    market, symbol, status = (_words(about.get(name, "")) for name in ("market_type", "symbol", "status"))
    return Notice(f"{symbol} {market} {action}".strip(), f"It is {status} now." if status else _details(data))


def _account(action: str, data: dict[str, Any]) -> Notice:
    if action != "mode_changed":
        about = data.get("account", {})
        name = _words(about.get("name", ""))
        return Notice(f"Account {name} {action}", f"Balance {_words(about.get('balance', '?'))} USDT.")
    name, mode = _words(data.get("name", "")), data.get("mode")
    if mode == "live":
        text = f"New signals are also handed to your own executor, until {_words(data.get('live_until', ''))}."
        return Notice(f"Account {name} is LIVE", text)
    return Notice(f"Account {name} is back to paper", f"Nothing is handed over any more: {_words(data.get('reason'))}.")


def _plan(trade: _Trade) -> str:
    stop = f"Stop {_number(trade.stop_loss)}{_distance(trade.entry_price, trade.stop_loss)}"
    prices = [Decimal(target["price"]) for target in trade.take_profits if not target["filled"]]
    targets = ", ".join(f"{_number(price)}{_distance(trade.entry_price, price)}" for price in prices)
    return f"{stop}, target {targets}." if targets else f"{stop}."


def _size(trade: _Trade) -> str:
    return f"Margin {_money(trade.margin)} USDT."


def _source(trade: _Trade) -> str:
    notes = f" {_words(trade.notes)}" if trade.notes else ""
    return f"Source: {_words(trade.source)}.{notes}"


def _reason(trade: _Trade) -> str:
    return _REASONS.get(trade.exit_reason or "", _words(trade.exit_reason or "an unknown reason"))


def _distance(entry: Decimal, price: Decimal) -> str:
    return f" ({100 * (price - entry) / entry:+.2f} %)" if entry else ""


def _number(value: Decimal | None) -> str:
    return "?" if value is None else f"{value.normalize():,f}"


def _money(value: Decimal | None) -> str:
    return "0.00" if value is None else f"{value:,.2f}"


def _signed(value: Decimal) -> str:
    return f"{value:+,.2f}"


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _details(data: dict[str, Any]) -> str:
    """The plain values of a payload, a line each."""
    plain = {name: value for name, value in data.items() if name not in ("type", "action")}
    return "\n".join(f"{name.replace('_', ' ')}: {_words(value)}" for name, value in plain.items())[:BODY_MAX]


def _lines(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part)


def _words(value: object) -> str:
    """Text of others, short and on one line; nobody is called by an @ in it."""
    return "".join(each if each.isprintable() else " " for each in str(value)).replace("@", "(at)")[:_WORDS_MAX]
