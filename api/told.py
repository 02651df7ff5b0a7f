"""What the event stream tells: types of events and their actions, described and shown."""

import json
from typing import Any

from api.examples import trades
from api.examples.market import PRICE
from api.stream_client import BEAT

ACTIONS = {
    "paper_trade": ("created", "opened", "updated", "closed", "cancelled", "voided"),
    "signal": ("created", "executed", "expired", "rejected", "cancelled", "not_traded"),
    "account": ("created", "deposited", "reset", "imported", "mode_changed"),
    "instrument": ("added", "suspended", "resumed", "delisted", "renamed"),
    "system": (
        "halted",
        "resumed",
        "books_differ",
        "feed_frozen",
        "feed_moves",
        "refresh_refused",
        "strategy_disabled",
        "strategy_enabled",
        "outlet_disabled",
    ),
}
"""The actions of every type that is kept and has an id."""


def _any(type_: str) -> str:
    return "|".join(ACTIONS[type_])


MEANING = f"""Frames of these kinds:

- first an `id` without data: the place where the stream begins, from which a reader without any event yet resumes
- `event: paper_trade` with `id: <epoch>:<stream>.<seq>,...` and
  `data: {{"type", "action": "{_any("paper_trade")}", "trade"}}`
- `event: signal` of sources: `data: {{"type", "action": "{_any("signal")}", "signal"}}`;
  `not_traded` is on an account's stream and has the account's `decision`
- `event: account`: `data: {{"type", "action": "{_any("account")}", ...}}` with the `account`,
  or what its mode has become
- `event: instrument`: `data: {{"type", "action": "{_any("instrument")}", ...}}` with `market_type` and `symbol`
- `event: system`: `data: {{"type", "action": "{_any("system")}", ...}}`
- `event: price` without id, at most one a second and pair: `data: {{"type", "action", "price"}}`
- `event: reset`: the history behind the given id is gone or another one; read the lists anew
- `event: beat` without id, every 15 s: a stream that is silent for longer is dead, though nothing may have told so
"""


def _frame(type_: str, action: str, id_: str = "", **told: Any) -> str:
    data = json.dumps({"type": type_, "action": action, **told}, separators=(",", ":"))
    return f"{f'id: {id_}' + chr(10) if id_ else ''}event: {type_}\ndata: {data}\n\n"


EXAMPLE = (
    "id: 5d7a4f26:a7.118,market.40\nretry: 1000\n: welcome\n\n"
    + _frame("paper_trade", "closed", "5d7a4f26:a7.119,market.40", trade=trades.CLOSED)
    + _frame("price", "updated", price=PRICE)
    + BEAT.decode()
)
"""How a stream begins."""
