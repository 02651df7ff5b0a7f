"""A signal, the source that said it, the trade that an account made of it, and reports on many."""

from typing import Any

from api.examples import trades
from api.examples.access import TOKEN

SIGNAL: dict[str, Any] = {
    "id": 42,
    "source_id": 3,
    "source": "my signals",
    "status": "ACTIVE",
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "action": "ENTRY",
    "direction": "LONG",
    "entry_type": None,
    "entry_price": None,
    "stop_loss": None,
    "stop_loss_percent": "2",
    "take_profits": [{"percent": "2", "fraction": "0.5"}, {"percent": "4", "fraction": "0.5"}],
    "rules": {},
    "leverage": 3,
    "position_size": None,
    "timeframe": "1h",
    "strategy": "",
    "confidence": None,
    "notes": "",
    "code": None,
    "reason": None,
    "field": "",
    "numbers": {},
    "idempotency_key": None,
    "signal_time": "2026-07-01T12:00:00Z",
    "expires_at": "2026-07-01T12:05:00Z",
    "received_at": "2026-07-01T12:00:00.200000Z",
    "updated_at": "2026-07-01T12:00:00.200000Z",
}
ACCEPTED: dict[str, Any] = {
    "signal_id": 42,
    "account_id": 7,
    "outcome": "accepted",
    "trade_id": 57,
    "code": None,
    "reason": None,
    "numbers": {},
    "decided_at": "2026-07-01T12:00:00.400000Z",
}

DECIDED = SIGNAL | {
    "status": "EXECUTED",
    "updated_at": "2026-07-01T12:00:00.600000Z",
    "decisions": [ACCEPTED],
    "payload": None,
}
CANCELLED = SIGNAL | {
    "status": "CANCELLED",
    "updated_at": "2026-07-01T12:00:03Z",
    "decisions": [],
    "payload": None,
}
WOULD_BE: dict[str, Any] = {
    "account_id": 7,
    "outcome": "accepted",
    "closes": [],
    "trade": trades.SIGNALLED | {"id": 0, "signal_id": None},
    "code": None,
    "reason": None,
    "field": "",
    "numbers": {},
}
VALIDATION: dict[str, Any] = {
    "signal": SIGNAL | {"id": 0},
    "repeats": None,
    "auto_trade": True,
    "accounts": [WOULD_BE],
}
RECEIVED: dict[str, Any] = {"signal_id": 42, "status": "ACTIVE", "repeated": False}
SOURCE: dict[str, Any] = {
    "id": 3,
    "name": "my signals",
    "is_own": True,
    "is_public": False,
    "auto_trade": True,
    "market_type": None,
    "entry_type": None,
    "position_size": None,
    "leverage_max": None,
    "stop_loss_percent": None,
    "take_profit_percent": None,
    "max_lag_seconds": 300,
    "dedup_seconds": 60,
    "has_secret": True,
    "created_at": "2026-06-20T09:00:00Z",
    "follows": [
        {
            "source_id": 3,
            "account_id": 7,
            "overrides": {
                "entry_type": None,
                "position_size": None,
                "equity_percent": None,
                "risk_percent": "1",
                "leverage_max": 3,
            },
            "followed_at": "2026-06-20T09:05:00Z",
        }
    ],
}
SWITCHED_OFF = SOURCE | {"auto_trade": False}
LISTED = SOURCE | {"follows": None}
_ALERTS = 4
SOURCE_MADE = SOURCE | {
    "id": _ALERTS,
    "name": "my alerts",
    "leverage_max": 5,
    "stop_loss_percent": "2",
    "take_profit_percent": "4",
    "has_secret": False,
    "created_at": "2026-07-01T12:00:00Z",
    "follows": None,
}
_SECRET = f"{_ALERTS}-{TOKEN}"
SOURCE_SECRET: dict[str, Any] = {"secret": _SECRET, "path": f"/api/webhooks/in/{_SECRET}/"}
STATISTICS: dict[str, Any] = {
    "signals": {"EXECUTED": 20, "EXPIRED": 2, "REJECTED": 1},
    "refused_for": {"signal_expired": 2, "unknown_symbol": 1},
    "decisions": {"accepted": 20, "expired": 2},
    "declined_for": {"signal_expired": 2},
    "followers": 1,
    "last_signal_at": "2026-07-01T12:00:00.200000Z",
}
REPORT: dict[str, Any] = {
    "total": 3,
    "stored": 1,
    "repeated": 0,
    "expired": 1,
    "rejected": 1,
    "rows": [
        {
            "line": 4,
            "signal_id": 44,
            "code": "unknown_symbol",
            "field": "symbol",
            "reason": "FUTURES lists no 'BTCUSD'",
        }
    ],
    "rows_left_out": 0,
}
