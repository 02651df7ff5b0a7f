"""The Grafana dashboards, described once: `python -m deploy.grafana.make` writes them as JSON into `dashboards`."""

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).with_name("dashboards")
WIDTH, HEIGHT = 8, 7
_SOURCE = {"type": "prometheus", "uid": "prometheus"}


class Panel(NamedTuple):
    """One graph: its queries by legend, and the unit as Grafana names it."""

    title: str
    queries: dict[str, str]
    unit: str = "short"


def _quantiles(metric: str, by: str) -> dict[str, str]:
    """The median and the 99th percentile of a histogram, by a label."""
    rate = f"sum by (le, {by}) (rate({metric}_bucket[5m]))"
    return {
        f"p50 {{{{{by}}}}}": f"histogram_quantile(0.5, {rate})",
        f"p99 {{{{{by}}}}}": f"histogram_quantile(0.99, {rate})",
    }


def _max(metric: str, by: str) -> dict[str, str]:
    """A figure of the fleet, which every API process tells alike."""
    return {f"{{{{{by}}}}}": f"max by ({by}) ({metric})"}


def _by_kind(metric: str) -> dict[str, str]:
    """A figure of webhooks and notifications, by its state."""
    return {"{{kind}} {{state}}": f"max by (kind, state) ({metric})"}


FLEET = [
    Panel("Lag", _max("paperfleet_fleet_lag_seconds", "market"), "s"),
    Panel("Candle cycle", {"cycle": "max(paperfleet_fleet_cycle_seconds)"}, "s"),
    Panel("Late batches", {"late": "max(paperfleet_fleet_late_batches)"}),
    Panel(
        "Request weight, share of the budget",
        {
            "{{market}}": "max by (market) (paperfleet_fleet_weight_used) "
            "/ max by (market) (paperfleet_fleet_weight_limit)",
        },
        "percentunit",
    ),
    Panel("Market paused for", _max("paperfleet_fleet_market_paused_seconds", "market"), "s"),
    Panel("Age of quotes", _max("paperfleet_fleet_quote_age_seconds", "market"), "s"),
    Panel("Trades", _max("paperfleet_fleet_trades", "status")),
    Panel(
        "Opened and closed",
        {
            "opened": "sum(rate(paperfleet_trades_opened_total[5m]))",
            "{{status}} {{exit_reason}}": "sum by (status, exit_reason) (rate(paperfleet_trades_closed_total[5m]))",
        },
        "ops",
    ),
    Panel("Held trades", {"held": "max(paperfleet_fleet_held_trades)"}),
    Panel("Ambiguous share of closed trades", {"share": "max(paperfleet_fleet_ambiguous_share)"}, "percentunit"),
    Panel("Servers that answer", _max("paperfleet_fleet_up", "part")),
    Panel("Books: rows that differ", _max("paperfleet_fleet_books_differ", "check")),
    Panel("Age of the last backup", {"age": "max(paperfleet_fleet_backup_age_seconds)"}, "s"),
    Panel("Living processes", _max("paperfleet_fleet_processes", "kind")),
    Panel("Stopped by an operator", _max("paperfleet_fleet_halted", "what")),
]

WORK = [
    Panel("Messages waiting", _max("paperfleet_fleet_queue_waiting", "queue")),
    Panel("Age of the next message", _max("paperfleet_fleet_queue_oldest_seconds", "queue"), "s"),
    Panel("Workers that serve a queue", _max("paperfleet_fleet_queue_servers", "queue")),
    Panel("Dead letters", _max("paperfleet_fleet_dead_letters", "queue")),
    Panel("Quarantined messages", {"messages": "max(paperfleet_fleet_quarantined_messages)"}),
    Panel(
        "Messages by outcome",
        {
            "{{actor}} {{outcome}}": "sum by (actor, outcome) (rate(paperfleet_messages_total[5m]))",
        },
        "ops",
    ),
    Panel("Work of an actor", _quantiles("paperfleet_message_seconds", "actor"), "s"),
    Panel("Wait for a worker", _quantiles("paperfleet_message_wait_seconds", "queue"), "s"),
    Panel(
        "Evaluation",
        {
            "p50": "histogram_quantile(0.5, sum by (le) (rate(paperfleet_evaluation_seconds_bucket[5m])))",
            "p99": "histogram_quantile(0.99, sum by (le) (rate(paperfleet_evaluation_seconds_bucket[5m])))",
        },
        "s",
    ),
    Panel("Sweeps", _quantiles("paperfleet_sweep_seconds", "market"), "s"),
    Panel("Fetching of paths", _quantiles("paperfleet_fetch_seconds", "purpose"), "s"),
    Panel("Rings", {"{{market}}": "sum by (market) (rate(paperfleet_rings_total[5m]))"}, "ops"),
    Panel(
        "Paths not had, by reason",
        {
            "{{market}} {{why}}": 'sum by (market, why) (rate(paperfleet_paths_total{why!=""}[5m]))',
        },
        "ops",
    ),
    Panel(
        "Exchange requests by outcome",
        {
            "{{market}} {{outcome}}": "sum by (market, outcome) (rate(paperfleet_exchange_request_seconds_count[5m]))",
        },
        "ops",
    ),
    Panel("Exchange answers in", _quantiles("paperfleet_exchange_request_seconds", "market"), "s"),
    Panel("Slots dispatched in", _quantiles("paperfleet_slot_dispatch_seconds", "task"), "s"),
    Panel("Jobs that are overdue", _max("paperfleet_job_overdue", "task")),
]

DOOR = [
    Panel("Requests by status", {"{{status}}": "sum by (status) (rate(paperfleet_http_requests_total[5m]))"}, "reqps"),
    Panel("Time to the first byte", _quantiles("paperfleet_http_request_seconds", "route"), "s"),
    Panel("Open event streams", {"{{instance}}": "paperfleet_stream_clients"}),
    Panel("Events delivered", {"events": "sum(rate(paperfleet_stream_events_total[5m]))"}, "ops"),
    Panel(
        "Streams cut, failed reads",
        {
            "cut": "sum(rate(paperfleet_stream_clients_cut_total[5m]))",
            "failed reads": "sum(rate(paperfleet_stream_read_failures_total[5m]))",
        },
        "ops",
    ),
    Panel(
        "PostgreSQL connections",
        {
            "used": "max(paperfleet_fleet_postgres_connections)",
            "allowed": "max(paperfleet_fleet_postgres_connections_max)",
        },
    ),
    Panel(
        "Size of the database",
        {
            "bytes": "max(paperfleet_fleet_postgres_bytes)",
            "budget": "max(paperfleet_fleet_postgres_budget_bytes)",
        },
        "bytes",
    ),
    Panel("Outlets", _by_kind("paperfleet_outlets")),
    Panel("Deliveries that wait or are dead", _by_kind("paperfleet_deliveries")),
    Panel("Age of the oldest delivery that waits", _max("paperfleet_delivery_backlog_seconds", "kind"), "s"),
    Panel("Longest transaction", {"open": "max(paperfleet_fleet_postgres_oldest_transaction_seconds)"}, "s"),
    Panel(
        "Redis memory",
        {
            "used": "max(paperfleet_fleet_redis_bytes)",
            "limit": "max(paperfleet_fleet_redis_limit_bytes)",
        },
        "bytes",
    ),
]

DASHBOARDS = {
    "fleet": ("paperfleet: fleet and market", FLEET),
    "work": ("paperfleet: queues, workers, exchange", WORK),
    "door": ("paperfleet: API, streams, outlets, servers", DOOR),
}


def dashboard(uid: str) -> dict[str, Any]:
    """The dashboard as Grafana's JSON."""
    title, panels = DASHBOARDS[uid]
    return {
        "uid": f"paperfleet-{uid}",
        "title": title,
        "tags": ["paperfleet"],
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "timezone": "utc",
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def text(uid: str) -> str:
    """What lies in `dashboards`."""
    return json.dumps(dashboard(uid), indent=1) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, 24 // WIDTH)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend, "datasource": _SOURCE}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


if __name__ == "__main__":
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text(name))
