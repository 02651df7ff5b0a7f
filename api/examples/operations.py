"""The fleet as its operators see it."""

from typing import Any

BOOKS: dict[str, Any] = {"reconciled_at": "2026-07-01T15:10:00Z", "age_seconds": 372.4, "differences": {}}
_DEPTH = {"queue": "fetch", "waiting": 3, "delayed": 0, "unsettled": 3, "dead": 0, "oldest_seconds": 0.2}
_CLOSE: dict[str, Any] = {
    "trade_id": 42,
    "symbol": "BTCUSDT",
    "market_type": "FUTURES",
    "direction": "LONG",
    "status": "CLOSED_MANUAL",
    "profit_loss": "8.60792435",
    "exit_time": "2026-07-01T15:15:00Z",
}
SYSTEM: dict[str, Any] = {
    "epoch": "5d7a4f26",
    "pairs": 966,
    "cycle_slot": "2026-07-01T15:16:00Z",
    "cycle_seconds": 4.1,
    "late_batches": 0,
    "open_trades": 48,
    "pending_trades": 6,
    "closed_tp": 311,
    "closed_sl": 274,
    "held_trades": 0,
    "trades": {"OPEN": 48, "PENDING": 6, "CLOSED_TP": 311, "CLOSED_SL": 274, "CLOSED_MANUAL": 12},
    "lag_seconds": 18.2,
    "lag": [
        {"market_type": "SPOT", "symbol": "AXSUSDT", "judged_to": "2026-07-01T15:16:00Z", "seconds": 18.2},
        {"market_type": "FUTURES", "symbol": "BTCUSDT", "judged_to": "2026-07-01T15:16:00Z", "seconds": 17.9},
    ],
    "feeds": {
        "SPOT": {"exchange_time": "2026-07-01T15:16:18.200000Z", "quote_age_seconds": 0.9},
        "FUTURES": {"exchange_time": "2026-07-01T15:16:17.900000Z", "quote_age_seconds": 1.4},
    },
    "weight": {
        "SPOT": {
            "used": 812,
            "limit": 4800,
            "paused_seconds": 0.0,
            "reason": "",
            "by_purpose": {"cycle": 690, "sweep": 120, "clock": 2},
            "others": 0,
        },
        "FUTURES": {
            "used": 604,
            "limit": 1920,
            "paused_seconds": 0.0,
            "reason": "",
            "by_purpose": {"cycle": 502, "sweep": 100, "clock": 2},
            "others": 0,
        },
    },
    "recent_closes": [_CLOSE],
    "jobs": [{"job": "cycle", "slot": "2026-07-01T15:16:00Z", "age_seconds": 17.2}],
    "scans": [
        {
            "market_type": "FUTURES",
            "closed_to": "2026-07-01T15:15:00Z",
            "timeframes": ["15m"],
            "batches": 12,
            "done": 12,
            "signals": 3,
            "seconds": 9.7,
        }
    ],
    "disabled_strategies": [],
    "ambiguous_share": 0.0,
    "books": BOOKS,
    "backup": {"made_at": "2026-07-01T03:20:00Z", "age_seconds": 42978.2, "size_bytes": 268435456},
    "fleet": {
        "halts": [],
        "processes": [
            {
                "kind": "worker",
                "host": "worker-1",
                "pid": 4711,
                "started_at": "2026-07-01T06:00:00Z",
                "queues": ["fetch"],
                "connections": 8,
            }
        ],
        "queues": [
            _DEPTH,
        ],
        "quarantined_messages": 0,
        "timings": {"sweep SPOT": {"seconds": 0.43, "at": "2026-07-01T15:16:17Z"}},
        "postgres": {
            "version": "18.6",
            "connections": 14,
            "connections_max": 97,
            "size_bytes": 734003200,
            "budget_bytes": 85899345920,
            "oldest_transaction_seconds": 0.02,
        },
        "redis": {
            "version": "9.1.2",
            "used_bytes": 52428800,
            "limit_bytes": 536870912,
            "eviction_policy": "noeviction",
            "appends": True,
        },
    },
}
LAG: dict[str, Any] = {
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "judged_to": "2026-07-01T15:16:00Z",
    "seconds": 17.9,
    "live_trades": 4,
    "reason": "in_time",
    "text": "",
}
HALT: dict[str, Any] = {
    "what": "fleet",
    "reason": "the database moves to a larger machine",
    "by_whom": "grace (session 2)",
    "since": "2026-07-01T15:20:00Z",
}
KILLED: dict[str, Any] = {"results": [HALT | {"what": "new_trades"}]}
NO_HALT: dict[str, Any] = {"results": []}
ASKED: dict[str, Any] = {
    "asked_for": "reconcile_books",
    "asked_at": "2026-07-01T15:16:18.200000Z",
    "answer": "GET /api/system/books/ when its reconciled_at is not before asked_at",
}
_DEAD_AT = "2026-07-01T14:02:11.700000Z"
QUEUES: dict[str, Any] = {
    "depths": [
        _DEPTH,
        {"queue": "maintenance", "waiting": 0, "delayed": 0, "unsettled": 0, "dead": 1, "oldest_seconds": None},
    ],
    "dead_letters": [
        {
            "queue": "maintenance",
            "id": "0b9f1c3e-5d7a-4f26-8c41-2e9d6a7b8c05",
            "died_at": _DEAD_AT,
            "actor": "refresh_instruments",
            "error": "services.domain.errors.Unavailable: SPOT exchangeInfo: HTTP 502",
        }
    ],
    "quarantined_messages": [
        {
            "at": "2026-07-01T14:03:00.100000Z",
            "queue": "scan",
            "id": "6c2a9d18-0f4b-4e7d-9a55-31b8c7d2e604",
            "reason": "begun 5 times and never ended",
            "size": 412,
        }
    ],
    "quarantined_prices": ["FUTURES:BTCUSDT:1782914400"],
}
FINDINGS: dict[str, Any] = {
    "worst": "warning",
    "findings": [
        {"check": "scheduler", "level": "ok", "text": "13 jobs tick", "mend": ""},
        {
            "check": "dead_letters",
            "level": "warning",
            "text": "1 in maintenance",
            "mend": "look at them with `paperfleet queues`, then --retry or --drop",
        },
    ],
}
AUDIT_ENTRY: dict[str, Any] = {
    "id": 311,
    "at": "2026-07-01T12:30:00Z",
    "user_id": 3,
    "via": "session 3",
    "address": "203.0.113.7",
    "action": "update",
    "subject": "accounts",
    "subject_id": "7",
    "account_id": 7,
    "before": {"max_open_trades": None},
    "after": {"max_open_trades": 10},
}
VOID: dict[str, Any] = {
    "trade_id": 42,
    "account_id": 7,
    "status": "CLOSED_MANUAL",
    "profit_loss": "8.60792435",
    "reason": "the exchange took back the prints of that minute",
    "by_whom": "grace (session 2)",
    "at": "2026-07-02T09:00:00Z",
}
