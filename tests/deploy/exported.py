"""The names of all metrics that processes of the fleet export."""

from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric

import api.metrics  # noqa: F401 - importing them registers their metrics
import services.telemetry  # noqa: F401
import workers.observe  # noqa: F401


def names(families: Iterable[Metric]) -> set[str]:
    """The names of the samples that these families have."""
    found = set()
    for family in families:
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        found.update(family.name + suffix for suffix in suffixes)
    return found


def of_processes() -> set[str]:
    return {name for name in names(REGISTRY.collect()) if name.startswith("paperfleet_")}
