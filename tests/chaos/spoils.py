"""What can be wrong after a run, each by itself: rows that are changed, or a person who was told otherwise."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tests.chaos.crowd import Asked, Told

ORDER = "(SELECT min(id) FROM trades WHERE notes ~ '^[0-9]+$' AND exit_time IS NOT NULL)"
PERSON = """(SELECT id FROM trades WHERE notes LIKE 'person %' AND exit_reason IN ('take_profit', 'stop_loss')
    ORDER BY exit_time - entry_time DESC LIMIT 1)"""
"""Trades that the path has ended: an order that rested, and of those that people opened the one held longest."""


class Held(NamedTuple):
    """The trade of PERSON."""

    number: int
    entered: datetime
    left: datetime


class Spoil(NamedTuple):
    """What is done to the rows, and to what the person of PERSON was told; a violation must have `expected` in it."""

    name: str
    expected: str
    sql: str = ""
    telling: Callable[[Told, Held], None] | None = None


def _order(change: str) -> str:
    return f"UPDATE trades SET {change} WHERE id = {ORDER}"


def _person(change: str) -> str:
    return f"UPDATE trades SET {change} WHERE id = {PERSON}"


def _edit(status: int) -> Callable[[Told, Held], None]:
    """A stop that was moved just after the entry."""
    return lambda told, held: told.edits.append(Asked(held.entered, held.entered, status, Decimal(1)))


def _close(status: int, *, late: bool = True) -> Callable[[Told, Held], None]:
    """The only closing by hand, at the trade's end, or long before it."""

    def tell(told: Told, held: Held) -> None:
        at = held.left if late else held.entered
        told.closings[:] = [Asked(at, at, status)]

    return tell


_BY_HAND = "status = 'CLOSED_MANUAL', exit_reason = 'manual'"
SPOILS = (
    Spoil("an order's exit price", "order ", _order("exit_price = exit_price + 1")),
    Spoil("an order's exit second", "order ", _order("exit_time = exit_time + '1 s'::interval")),
    Spoil("an order's entry second", "order ", _order("entry_time = entry_time - '1 s'::interval")),
    Spoil("an order's reason", "order ", _order("exit_reason = 'trailing_stop'")),
    Spoil("an order lost", "orders were placed", f"DELETE FROM trades WHERE id = {ORDER}"),
    Spoil("an order of nobody", "is nobody's", _order("notes = 'unknown'")),
    Spoil(
        "an order's profit",
        "a profit of",
        f"""{_order("profit_loss = profit_loss - 1")}; UPDATE accounts SET balance = balance - 1;
        UPDATE ledger SET amount = amount - 1 WHERE kind = 'gross_profit' AND trade_id = {ORDER}""",
    ),
    Spoil(
        "a second exit",
        "quantity is lost or left",
        f"""INSERT INTO trade_exits (trade_id, part, reason, time, price, quantity, role, fee, gross, cap, evidence)
        SELECT trade_id, 2, reason, time, price, quantity, role, fee, gross, cap, evidence FROM trade_exits
        WHERE trade_id = {ORDER}; {_order("updated_at = now()")}""",
    ),
    Spoil(
        "another exit than the trade's",
        "did not end as its only exit",
        f"UPDATE trade_exits SET price = price + 1 WHERE trade_id = {ORDER}",
    ),
    Spoil("an event lost", "events are not dense", "DELETE FROM events WHERE stream = 'a1' AND seq = 3"),
    Spoil(
        "another price told",
        "told otherwise",
        f"""UPDATE events SET payload = jsonb_set(payload::jsonb, '{{trade,exit_price}}', '"1"')::json
        WHERE action = 'closed' AND (payload -> 'trade' ->> 'id')::bigint = {ORDER}""",
    ),
    Spoil("a balance", "balance is not the ledger", "UPDATE accounts SET balance = balance + 0.00000001 WHERE id = 1"),
    Spoil(
        "a line of the ledger lost",
        "profit is not the trade",
        f"DELETE FROM ledger WHERE kind = 'exit_fee' AND trade_id = {ORDER}",
    ),
    Spoil(
        "a command left",
        "still waits",
        f"INSERT INTO trade_commands (trade_id, kind, at) VALUES ({PERSON}, 'cancel', now())",
    ),
    Spoil("a trade of a stranger", "is nobody's", _person("notes = 'person 999999'")),
    Spoil("a person's trade lost", "which is not there", f"DELETE FROM trades WHERE id = {PERSON}"),
    Spoil(
        "two trades of one key",
        "trades of one key",
        f"""UPDATE trades SET notes = (SELECT notes FROM trades WHERE id = {PERSON})
        WHERE id = (SELECT min(id) FROM trades WHERE notes LIKE 'person %' AND id <> {PERSON})""",
    ),
    Spoil("two answers for one key", "different answers", telling=lambda told, _: told.answers.append((200, b"{}"))),
    Spoil("an entry off the tape", "which was no quote", _person("entry_price = 7")),
    Spoil("an entry too early", "asked for between", _person("entry_time = entry_time - '1 h'::interval")),
    Spoil("an entry that its owner was told otherwise", "was told of", _person("quantity = 2 * quantity")),
    Spoil("a person's exit minute", "by its prints", _person("exit_time = exit_time + '1 min'::interval")),
    Spoil("a person's exit price", "by its prints", _person("exit_price = 7")),
    Spoil("a person's reason", "for trailing_stop", _person("exit_reason = 'trailing_stop'")),
    Spoil(
        "a person's fee",
        "by its prints",
        f"UPDATE ledger SET amount = amount - 1 WHERE kind = 'exit_fee' AND trade_id = {PERSON}",
    ),
    Spoil("a doubt", "is ambiguous", _person("ambiguous = true")),
    Spoil(
        "a stop that nobody moved",
        "nobody asked for",
        f"""INSERT INTO trade_revisions (trade_id, version, stop_loss, stop_reason, targets)
        SELECT id, 99, 7, stop_reason, targets FROM trades WHERE id = {PERSON}""",
    ),
    Spoil("an edit lost", "answered 200, is lost", telling=_edit(200)),
    Spoil("an accepted edit lost", "answered 202, is lost", telling=_edit(202)),
    Spoil("a close lost", "a close answered 200 is lost", telling=_close(200)),
    Spoil("an accepted close lost", "a close answered 202 is lost", telling=_close(202, late=False)),
    Spoil("a close that was refused", "told otherwise", _person(_BY_HAND), _close(409)),
    Spoil("a close long after the answer", "closed by hand at", _person(_BY_HAND), _close(200, late=False)),
    Spoil("a close off the tape", "which was no quote then", _person(f"{_BY_HAND}, exit_price = 9999"), _close(200)),
)
