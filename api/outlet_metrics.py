"""Metrics of deliveries: workers write them to the database, the API reads them when Prometheus asks."""

import time

import psycopg
import structlog
from prometheus_client import Gauge
from psycopg_pool import PoolTimeout

from services.usecases.context import Services
from services.usecases.read_outlet_status import read_outlet_status

KEPT_SECONDS = 5.0

OUTLETS = Gauge("paperfleet_outlets", "Webhooks and notification targets.", ["kind", "state"])
DELIVERIES = Gauge("paperfleet_deliveries", "Messages that wait, or are dead letters.", ["kind", "state"])
BACKLOG = Gauge("paperfleet_delivery_backlog_seconds", "Age of the oldest message that waits.", ["kind"])
ATTEMPTS = Gauge(
    "paperfleet_delivery_attempts", "What came of attempts so far, of outlets that still exist.", ["kind", "outcome"]
)

log = structlog.get_logger(__name__)


class OutletMetrics:
    """Brings the gauges up to date, at most every few seconds however often they are asked for."""

    def __init__(self) -> None:
        self._read_again_at = 0.0

    async def refresh(self, services: Services) -> None:
        """Read them anew if they are old. With the database away they stay as they were, and that is logged."""
        if time.monotonic() < self._read_again_at:
            return
        self._read_again_at = time.monotonic() + KEPT_SECONDS
        try:
            found = await read_outlet_status(services)
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("outlet_metrics_not_read", reason=str(error))
            return
        for each in found:
            for state in ("working", "failing", "disabled", "switched_off"):
                OUTLETS.labels(each.kind, state).set(getattr(each, state))
            for state in ("waiting", "dead"):
                DELIVERIES.labels(each.kind, state).set(getattr(each, state))
            for outcome in ("delivered", "failed", "dead"):
                ATTEMPTS.labels(each.kind, outcome).set(getattr(each, f"{outcome}_total"))
            BACKLOG.labels(each.kind).set(each.backlog_seconds)
