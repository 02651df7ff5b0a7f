"""A webhook and a notification target, and what was sent there."""

import base64
from typing import Any

from services.hooks.notifier import masked
from services.hooks.signature import PREFIX, SECRET_BYTES

_WELL: dict[str, Any] = {
    "enabled": True,
    "disabled_reason": "",
    "failures": 0,
    "failing_since": None,
    "retry_at": None,
    "waiting": 0,
    "dead": 0,
    "delivered_total": 118,
    "created_at": "2026-06-20T09:00:00Z",
    "updated_at": "2026-06-20T09:01:00Z",
}
_ANY: dict[str, Any] = {
    "events": [],
    "account_ids": [],
    "sources": [],
    "minimum_profit": None,
    "minimum_loss": None,
}
_NEW = {"delivered_total": 0, "updated_at": "2026-06-20T09:00:00Z"}
WEBHOOK: dict[str, Any] = _WELL | {
    "id": 5,
    "url": "https://hooks.example.com/in",
    "description": "my executor",
    "rules": [_ANY | {"events": ["opened", "closed", "cancelled"]}],
    "quiet_hours": None,
    "verified_at": "2026-06-20T09:01:00Z",
    "two_signatures_until": None,
}
_SECRET = PREFIX + base64.b64encode(bytes(range(SECRET_BYTES))).decode()
WEBHOOK_MADE: dict[str, Any] = {"webhook": WEBHOOK | _NEW | {"verified_at": None}, "secret": _SECRET}
ROTATED: dict[str, Any] = {
    "webhook": WEBHOOK | {"two_signatures_until": "2026-07-02T12:00:00Z", "updated_at": "2026-07-01T12:00:00Z"},
    "secret": _SECRET,
}
TARGET: dict[str, Any] = _WELL | {
    "id": 6,
    "service": masked("tgram://token/chat"),
    "description": "my phone",
    "rules": [
        _ANY | {"events": ["closed"], "minimum_profit": "10", "minimum_loss": "5"},
        _ANY | {"events": ["system"]},
    ],
    "quiet_hours": {"start": "22:00:00", "end": "07:00:00", "time_zone": "Europe/Berlin"},
}
TARGET_MADE = TARGET | _NEW
TRIAL: dict[str, Any] = {"delivered": True, "status_code": 200, "error": "", "milliseconds": 84}
DELIVERY: dict[str, Any] = {
    "id": 1042,
    "message_id": "evt_5d7a4f26_a7_119",
    "stream": "a7",
    "sequence": 119,
    "type": "paper_trade.closed",
    "state": "delivered",
    "attempts": 1,
    "created_at": "2026-07-01T15:15:00.300000Z",
    "first_attempt_at": "2026-07-01T15:15:00.800000Z",
    "last_attempt_at": "2026-07-01T15:15:00.800000Z",
    "next_attempt_at": None,
    "expires_at": None,
    "status_code": 200,
    "error": "",
    "milliseconds": 84,
}
AFFECTED: dict[str, Any] = {"deliveries": 2}
