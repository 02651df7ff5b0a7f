"""Fixtures of the signals' tests: the API's, on a simulated market with fresh quotes."""

from tests.api.conftest import api, exchange_urls, services, settings

__all__ = ["api", "exchange_urls", "services", "settings"]
