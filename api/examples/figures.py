"""What twenty closed trades came to, and how the equity went meanwhile: their figures agree with each other."""

from typing import Any

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
_CONFIDENCE = {
    "small_sample": True,
    "win_rate_interval": {"low": "34.21", "high": "74.18"},
    "expectancy_interval": {"low": "-4.9", "high": "19.9"},
}
PERFORMANCE: dict[str, Any] = _FIGURES | {
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
}
SHARED: dict[str, Any] = {"account": "main", "performance": PERFORMANCE}
GROUP = _FIGURES | {"key": "BTCUSDT", "market_type": "FUTURES"}
CARD_LINE = _FIGURES | _CONFIDENCE | {"key": "my signals"}
SCORECARD: dict[str, Any] = {
    "total": CARD_LINE | {"key": ""},
    "group_by": "strategy",
    "groups": [CARD_LINE | {"key": "breakout"}],
    "equity": [
        {"at": "2026-06-11T09:20:00Z", "profit_loss": "61.4"},
        {"at": "2026-06-12T16:00:00Z", "profit_loss": "-1.1"},
        {"at": "2026-06-30T21:45:00Z", "profit_loss": "150"},
    ],
    "bitcoin": {"trades": 20, "interval": "1m", "profit_loss": "84.12", "source_profit_loss": "150"},
    "random_entries": {
        "trades": 20,
        "runs": 100,
        "seed": 1,
        "hours_from": "2026-03-23T15:00:00Z",
        "hours_to": "2026-07-01T15:00:00Z",
        "mean_r": "0.2033",
        "random_mean_r": "-0.0312",
        "random_low_r": "-0.2914",
        "random_high_r": "0.2378",
        "beaten_share": "93.0000",
    },
}
_POINT: dict[str, Any] = {
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
EQUITY: dict[str, Any] = {
    "account_id": 7,
    "span": "day",
    "return_percent": "0.15",
    "max_drawdown": {
        "amount": "12.5",
        "percent": "0.01",
        "start": "2026-07-01T00:00:00Z",
        "end": "2026-07-02T00:00:00Z",
        "recovery": None,
    },
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
            "held_bitcoin": "101392.23331254",
        },
    ],
}
