"""The long profile: pytest tests/e2e --hypothesis-profile=long."""

from hypothesis import settings

settings.register_profile("long")
"""Kills at any second of a start, beside those at the moments that matter."""
