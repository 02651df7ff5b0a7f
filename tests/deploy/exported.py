"""All metrics that processes of the fleet export: the names of their samples, and their labels."""

from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

import api.metrics  # importing them registers their metrics
import api.outlet_metrics  # noqa: F401
import services.telemetry  # noqa: F401
import workers.observe  # noqa: F401

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def names(families: Iterable[Metric]) -> set[str]:
    """The names of the samples that these families have."""
    return {family.name + suffix for family in families for suffix in _SUFFIXES.get(family.type, ("",))}


def of_processes() -> set[str]:
    return {name for name in names(REGISTRY.collect()) if name.startswith("paperfleet_")}


def labels_of_processes() -> dict[str, set[str]]:
    """The labels of each of those samples, of which there need not be any yet."""
    found = {}
    for collector in set(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            for name in names(collector.describe()):
                found[name] = {*collector._labelnames} | ({"le"} if name.endswith("_bucket") else set())
    return {name: labels for name, labels in found.items() if name.startswith("paperfleet_")}
