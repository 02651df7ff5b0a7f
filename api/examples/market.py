"""Pairs and their prices."""

from typing import Any

INSTRUMENT: dict[str, Any] = {
    "instrument_id": 548,
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "base_asset": "BTC",
    "quote_asset": "USDT",
    "status": "TRADING",
    "tick_size": "0.1",
    "step_size": "0.001",
    "min_quantity": "0.001",
    "min_notional": "100",
}
PRICE: dict[str, Any] = {
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "bid": "65012.6",
    "ask": "65012.7",
    "last": "65012.7",
    "asked_at": "2026-07-01T14:00:00Z",
    "age_seconds": 0.8,
}
CHART: dict[str, Any] = {
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "interval": "1h",
    "candles": [
        {
            "open_time": "2026-07-01T14:00:00Z",
            "open": "65012.7",
            "high": "65120",
            "low": "64870.3",
            "close": "65093.2",
            "volume": "7421.518",
            "is_closed": True,
        },
        {
            "open_time": "2026-07-01T15:00:00Z",
            "open": "65093.2",
            "high": "65331.9",
            "low": "65041.8",
            "close": "65310.4",
            "volume": "2210.047",
            "is_closed": False,
        },
    ],
}
_COURSE = (
    *("64120.5", "64188", "64251.9", "64230.4", "64307.7", "64355.1", "64290.6", "64218.3", "64342", "64405.8"),
    *("64377.2", "64460.1", "64533.9", "64498.7", "64581.4", "64612", "64570.3", "64655.6", "64701.2", "64688.9"),
    *("64735.5", "64760", "64792.3", "64903.4", "65012.7"),
)
"""The hours up to the one that has just begun."""
DAY: dict[str, Any] = {"market_type": "FUTURES", "symbol": "BTCUSDT", "prices": list(_COURSE)}
