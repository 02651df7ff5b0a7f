"""Answers written by hand, by the struct that is sent: what people look at first, with figures that agree."""

from typing import Any

import msgspec

from api.examples import trades
from api.schemas import AccountView
from services.db.decisions import Decision
from services.db.ledger_list import LedgerEntry
from services.db.revisions import Revision
from services.db.signals import SignalView
from services.domain.view import TradeView
from services.usecases.equity_curve import EquityCurve
from services.usecases.import_signals import ImportReport
from services.usecases.list_prices import Price
from services.usecases.performance import Group, Performance
from services.usecases.read_lag import PairLag
from services.usecases.read_signals import DecidedSignal
from services.usecases.read_trade import LiveTradeView
from services.usecases.scorecard import CardLine
from services.usecases.switch_mode import ModeView
from services.usecases.system_status import SystemStatus
from services.usecases.try_outlet import Trial
from services.usecases.validate_signal import WouldBe

_FIGURES: dict[str, Any] = {
    "total_trades": 20,
    "winning_trades": 11,
    "losing_trades": 9,
    "win_rate": "55.00",
    "total_profit_loss": "150",
    "gross_profit": "330",
    "gross_loss": "180",
    "profit_factor": "1.8333",
    "average_win": "30",
    "average_loss": "-20",
    "payoff_ratio": "1.5000",
    "largest_win": "61.4",
    "largest_loss": "-37.2",
    "expectancy": "7.5",
    "expectancy_ratio": "0.3750",
    "average_duration_hours": "6.5000",
    "total_fees": "24.6",
    "total_funding": "-1.2",
    "return_on_margin": "3.00",
    "average_r_multiple": "0.2033",
    "total_r_multiple": "4.0660",
    "excursion_trades": 20,
    "average_mae": "-11.3",
    "average_mfe": "24.8",
    "ambiguous_trades": 0,
    "ambiguous_share": "0.00",
}
PRICE = {
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "bid": "65012.6",
    "ask": "65012.7",
    "last": "65012.7",
    "asked_at": "2026-07-01T14:00:00Z",
    "age_seconds": 0.8,
}
_SIGNAL = {
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
    "received_at": "2026-07-01T12:00:00.2Z",
    "updated_at": "2026-07-01T12:00:00.2Z",
}
_ACCEPTED = {
    "signal_id": 42,
    "account_id": 7,
    "outcome": "accepted",
    "trade_id": 42,
    "code": None,
    "reason": None,
    "numbers": {},
    "decided_at": "2026-07-01T12:00:00.4Z",
}
_CLOSE = {
    "trade_id": 42,
    "symbol": "BTCUSDT",
    "market_type": "FUTURES",
    "direction": "LONG",
    "status": "CLOSED_TP",
    "profit_loss": "8.60792435",
    "exit_time": "2026-07-01T15:15:00Z",
}
_SYSTEM = {
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
        "SPOT": {"exchange_time": "2026-07-01T15:16:18.2Z", "quote_age_seconds": 0.9},
        "FUTURES": {"exchange_time": "2026-07-01T15:16:17.9Z", "quote_age_seconds": 1.4},
    },
    "weight": {
        "SPOT": {
            "used": 812,
            "limit": 4800,
            "paused_seconds": 0.0,
            "reason": "",
            "by_purpose": {"paths": 690, "sweep": 120, "clock": 2},
            "others": 0,
        },
        "FUTURES": {
            "used": 604,
            "limit": 1920,
            "paused_seconds": 0.0,
            "reason": "",
            "by_purpose": {"paths": 502, "sweep": 100, "clock": 2},
            "others": 0,
        },
    },
    "recent_closes": [_CLOSE],
    "jobs": [{"job": "cycle", "slot": "2026-07-01T15:16:00Z", "age_seconds": 18.0}],
    "scans": [],
    "disabled_strategies": [],
    "ambiguous_share": 0.0,
    "books": {"reconciled_at": "2026-07-01T15:10:00Z", "age_seconds": 372.4, "differences": {}},
    "fleet": {
        "halts": [],
        "processes": [
            {
                "kind": "worker",
                "host": "worker-1",
                "pid": 4711,
                "started_at": "2026-07-01T06:00:00Z",
                "queues": ["fetch"],
            }
        ],
        "queues": [
            {"queue": "fetch", "waiting": 3, "delayed": 0, "unsettled": 3, "dead": 0, "oldest_seconds": 0.2},
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
_LIVE = {
    "at": "2026-07-01T12:00:00Z",
    "mode": "live",
    "reason": "asked for",
    "user_id": 3,
    "webhook_id": 5,
    "live_until": "2026-07-01T20:00:00Z",
}
_POINT = {
    "time": "2026-07-01T00:00:00Z",
    "equity": "100000",
    "profit_low": "0",
    "profit_high": "0",
    "balance": "100000",
    "deposits": "100000",
    "positions": 0,
    "bitcoin": "64120",
    "held_bitcoin": "100000",
}
KNOWN: dict[type[msgspec.Struct], dict[str, Any]] = {
    TradeView: trades.OPEN,
    LiveTradeView: trades.LIVE,
    Price: PRICE,
    SignalView: _SIGNAL,
    Decision: _ACCEPTED,
    DecidedSignal: _SIGNAL | {"status": "EXECUTED", "decisions": [_ACCEPTED], "payload": None},
    WouldBe: {
        "account_id": 7,
        "outcome": "accepted",
        "closes": [],
        "trade": trades.OPEN | {"id": 0, "source": "my signals", "notes": ""},
        "code": None,
        "reason": None,
        "field": "",
        "numbers": {},
    },
    AccountView: {
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
    },
    Performance: _FIGURES
    | {
        "from_day": "2026-06-01",
        "to_day": None,
        "capital": "100000",
        "max_drawdown": {
            "amount": "62.5",
            "percent": "0.06",
            "start": "2026-06-11T09:20:00Z",
            "end": "2026-06-12T16:00:00Z",
            "recovery": "2026-06-15T11:45:00Z",
        },
        "longest_winning_streak": 4,
        "longest_losing_streak": 3,
        "exposure_percent": "18.06",
        "sharpe_ratio": "1.4210",
        "sortino_ratio": "2.0370",
        "cagr": "1.84",
        "calmar_ratio": "29.4400",
        "group_by": None,
        "groups": [],
    },
    Group: _FIGURES | {"key": "BTCUSDT", "market_type": "FUTURES"},
    CardLine: _FIGURES
    | {
        "key": "breakout",
        "small_sample": True,
        "win_rate_interval": {"low": "34.21", "high": "74.18"},
        "expectancy_interval": {"low": "-4.9", "high": "19.9"},
    },
    EquityCurve: {
        "account_id": 7,
        "span": "day",
        "return_percent": "0.15",
        "max_drawdown": None,
        "bitcoin_percent": "1.39",
        "ahead_of_bitcoin": "-1.24",
        "points": [
            _POINT,
            _POINT
            | {
                "time": "2026-07-02T00:00:00Z",
                "equity": "100150",
                "profit_low": "-12.5",
                "profit_high": "171.2",
                "balance": "100150",
                "bitcoin": "65012.7",
                "held_bitcoin": "101392.23",
            },
        ],
    },
    SystemStatus: _SYSTEM,
    ModeView: {
        "account_id": 7,
        "mode": "live",
        "live_until": "2026-07-01T20:00:00Z",
        "since": "2026-07-01T12:00:00Z",
        "webhook_id": 5,
        "live_allowed": True,
        "hours_max": 24,
        "changes": [
            _LIVE,
            _LIVE | {"at": "2026-06-01T08:00:00Z", "mode": "paper", "webhook_id": None, "live_until": None},
        ],
    },
    LedgerEntry: {
        "id": 118,
        "kind": "exit_fee",
        "trade_id": 42,
        "amount": "-0.6204488",
        "booked_at": "2026-07-01T15:15:00Z",
    },
    Revision: {
        "version": 2,
        "at": "2026-07-01T13:00:00Z",
        "stop_loss": "63498",
        "stop_reason": "stop_loss",
        "take_profits": [{"price": "66737", "fraction": "0.5"}, {"price": "68681", "fraction": "0.5"}],
    },
    Trial: {"delivered": True, "status_code": 200, "error": "", "milliseconds": 84},
    ImportReport: {
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
    },
    PairLag: {
        "market_type": "FUTURES",
        "symbol": "BTCUSDT",
        "judged_to": "2026-07-01T15:16:00Z",
        "seconds": 17.9,
        "live_trades": 4,
        "reason": "in_time",
        "text": "",
    },
}
