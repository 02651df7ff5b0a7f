"""An account: its money and its mode. Its figures are those of the open trade of trades.py, its only one."""

from typing import Any

from api.examples.access import TOKEN
from services.domain.mode import phrase_for

ACCOUNT: dict[str, Any] = {
    "id": 7,
    "name": "main",
    "mode": "paper",
    "live_until": None,
    "currency": "USDT",
    "balance": "99999.38447315",
    "reserved": "246.21074",
    "free": "99753.17373315",
    "unrealized_profit_loss": "4.1857",
    "equity": "100003.57017315",
    "fill_model": "realistic",
    "spot_fees": {"maker": "0.001", "taker": "0.001"},
    "futures_fees": {"maker": "0.0002", "taker": "0.0005"},
    "max_open_trades": None,
    "max_symbol_exposure": None,
    "max_leverage": None,
}
LIMITED = ACCOUNT | {"max_open_trades": 10, "max_leverage": 5}
HARSH = ACCOUNT | {"fill_model": "harsh"}
HOLDINGS: dict[str, Any] = {"id": 8, "name": "breakout", "balance": "10000", "reserved": "0", "free": "10000"}
DEPOSITED = HOLDINGS | {"balance": "11000", "free": "11000"}
START_OVER = HOLDINGS | {"balance": "50000", "free": "50000"}
LEDGER_ENTRY: dict[str, Any] = {
    "id": 118,
    "kind": "exit_fee",
    "trade_id": 42,
    "amount": "-0.6204488",
    "booked_at": "2026-07-01T15:15:00Z",
}
QUESTION: dict[str, Any] = {
    "token": TOKEN,
    "expires_at": "2026-07-01T12:00:45Z",
    "phrase": phrase_for("main"),
}
_ENDED = {
    "at": "2026-06-01T08:00:00Z",
    "mode": "paper",
    "reason": "by command",
    "user_id": 3,
    "webhook_id": 5,
    "live_until": None,
}
_BEGUN = _ENDED | {
    "at": "2026-07-01T12:00:00Z",
    "mode": "live",
    "reason": "confirmed",
    "live_until": "2026-07-01T20:00:00Z",
}
LIVE: dict[str, Any] = {
    "account_id": 7,
    "mode": "live",
    "live_until": "2026-07-01T20:00:00Z",
    "since": "2026-07-01T12:00:00Z",
    "webhook_id": 5,
    "live_allowed": True,
    "hours_max": 24,
    "changes": [_BEGUN, _ENDED],
}
PAPER = LIVE | {
    "mode": "paper",
    "live_until": None,
    "since": None,
    "webhook_id": None,
    "changes": [_ENDED | {"at": "2026-07-01T15:20:00Z"}, _BEGUN, _ENDED],
}
