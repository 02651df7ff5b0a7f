"""Hypothesis as these tests use it: a fixed number of examples, the same ones every time."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "domain", max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("domain")
