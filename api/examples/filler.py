"""A value that fits a schema and might come: where nobody wrote an example, fields are filled in by name and kind."""

from typing import Any

DEPTH_MAX = 8
_WORDS: dict[str, str] = {
    "symbol": "BTCUSDT",
    "quote_asset": "USDT",
    "base_asset": "BTC",
    "currency": "USDT",
    "name": "breakout",
    "source": "my signals",
    "description": "the executor on my own server",
    "note": "Ada, from the desk",
    "notes": "Retest of the breakout.",
    "next": "WzQyXQ",
    "key": "BTCUSDT",
    "key_id": "1f8Yk2Qz",
    "csrf_token": "5f1d" * 16,
    "token": "0mK9vQ2c" * 5 + "0mK",
    "ticket": "7hX2pLr9" * 5 + "7hX",
    "secret": "whsec_" + "0" * 32,
    "path": "/api/webhooks/in/3kT8wZ5b/",
    "phrase": "hand over the signals of main",
    "via": "session 3",
    "address": "203.0.113.7",
    "actor": "fetch_paths",
    "queue": "paths",
    "job": "sweep_quotes",
    "kind": "worker",
    "quarantined_price": "SPOT:BTCUSDT",
    "host": "worker-1",
    "version": "17.2",
    "stream": "account:7",
    "type": "paper_trade",
    "strategy": "breakout",
    "url": "https://hooks.example.com/paperfleet",
    "service": "discord",
    "start": "22:00:00",
    "end": "07:00:00",
    "time_zone": "Europe/Vienna",
    "action": "created",
    "subject": "account",
    "subject_id": "7",
    "message_id": "0b9f1c3e-5d7a-4f26-8c41-2e9d6a7b8c05",
    "id": "0b9f1c3e-5d7a-4f26-8c41-2e9d6a7b8c05",
    "disabled_reason": "",
    "account": "main",
    "reason": "the database moves to a larger machine",
    "error": "the endpoint answered 500",
    "text": "18 s behind: the exchange answers slowly",
    "mend": "paperfleet doctor tells what to do",
    "check": "lag",
    "detail": "of 966 pairs",
    "by_whom": "ada (session 3)",
    "asked_for": "reconcile_books",
    "code": "insufficient_balance",
    "field": "position_size",
    "epoch": "5d7a4f26",
    "eviction_policy": "noeviction",
    "payload": '{"symbol": "BTCUSDT", "direction": "LONG", "stop_loss_percent": "2"}',
    "timeframe": "1h",
}
_ENDINGS: tuple[tuple[str, str], ...] = (
    ("_price", "61250.5"),
    ("price", "61250.5"),
    ("_percent", "12.5"),
    ("_percentage", "12.5"),
    ("_ratio", "1.8"),
    ("_rate", "0.55"),
    ("_share", "0.02"),
    ("_fees", "3.41"),
    ("fee", "0.13"),
    ("_r", "0.4"),
    ("_multiple", "0.4"),
    ("_loss", "-5.2"),
    ("_profit", "41.7"),
    ("_balance", "10000"),
    ("_hours", "6.5"),
    ("quantity", "0.02"),
)
_AMOUNTS: dict[str, str] = {
    "maker": "0.0002",
    "taker": "0.0005",
    "fraction": "0.5",
    "percent": "2",
    "bid": "61250.1",
    "ask": "61250.5",
    "last": "61250.5",
    "open": "61180",
    "high": "61302.5",
    "low": "61120.1",
    "close": "61250.5",
    "volume": "184.203",
    "tick_size": "0.1",
    "step_size": "0.001",
    "min_quantity": "0.001",
    "min_notional": "5",
    "stop_loss": "59500",
    "take_profit": "64000",
    "balance": "10041.7",
    "free": "9791.7",
    "reserved": "250",
    "equity": "10048.3",
    "win_rate": "0.55",
    "profit_factor": "1.8",
    "total_profit_loss": "41.7",
    "bitcoin": "61250.5",
    "distance": "400",
    "activation": "62000",
    "slippage": "1.2",
}
_NUMBERS: dict[str, int] = {
    "leverage": 5,
    "leverage_max": 10,
    "version": 1,
    "status_code": 200,
    "milliseconds": 84,
    "hours": 8,
    "hours_max": 24,
    "days": 90,
    "overlap_hours": 24,
    "seconds": 60,
    "size": 412,
    "pid": 4711,
    "connections": 14,
    "connections_max": 100,
    "size_bytes": 734003200,
    "budget_bytes": 85899345920,
    "used_bytes": 52428800,
    "limit_bytes": 536870912,
    "max_lag_seconds": 900,
    "dedup_seconds": 60,
    "limit": 1200,
    "used": 310,
    "total_trades": 20,
    "winning_trades": 11,
    "losing_trades": 9,
    "failures": 0,
    "dead": 0,
    "waiting": 0,
}
_ZERO = ("failures", "rejected", "rows_left_out", "unsettled", "delayed", "others")
_FALSE = ("disabled", "repeated", "all_dead", "small_sample", "ambiguous", "is_public")
_MOMENTS = {
    "expires_at": "2026-09-29T12:00:00Z",
    "updated_at": "2026-07-01T12:30:00Z",
    "end": "2026-07-02T12:00:00Z",
    "hours_to": "2026-07-31T00:00:00Z",
}
_UNSET = ("revoked_at", "disabled_at", "two_signatures_until", "failing_since", "retry_at", "held_from", "void_reason")
"""What is null of nearly everything, and would tell of something rare."""


def filled(schema: dict[str, Any], document: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value of the schema, for a field of that name."""
    nullable = any(each.get("type") == "null" for each in schema.get("oneOf", schema.get("anyOf", ())))
    if nullable and name in _UNSET:
        return None
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("examples"):
        return schema["examples"][0]
    choices = [each for each in schema.get("oneOf", schema.get("anyOf", ())) if each.get("type") != "null"]
    if choices:
        return filled(choices[0], document, name, depth)
    if schema.get("enum"):
        return next((value for value in schema["enum"] if value is not None), None)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {}) if depth < DEPTH_MAX else {}
        return {key: filled(value, document, key, depth + 1) for key, value in properties.items()}
    if "prefixItems" in schema:
        return [filled(each, document, name, depth + 1) for each in schema["prefixItems"]]
    if kind == "array":
        items = filled(schema["items"], document, name.removesuffix("s"), depth + 1) if "items" in schema else None
        return [] if items is None else [items] * max(1, schema.get("minItems", 1))
    return _plain(kind, schema, name)


def _plain(kind: str | None, schema: dict[str, Any], name: str) -> Any:
    form = schema.get("format")
    if kind == "string" and form is None:
        return _WORDS.get(name, name.replace("_", " ") or "text")
    if form == "decimal":
        return _AMOUNTS.get(name) or next((value for end, value in _ENDINGS if name.endswith(end)), "250")
    if form == "date-time":
        return _MOMENTS.get(name, "2026-07-01T12:00:00Z")
    if kind == "integer":
        return max(_NUMBERS.get(name, 0 if name in _ZERO else 7), schema.get("minimum", 0))
    if kind == "boolean":
        return name not in _FALSE
    return {"date": "2026-07-01", "duration": "PT4H"}.get(form or "", 1.5 if kind == "number" else None)
