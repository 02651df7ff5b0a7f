"""Fixtures of the database's tests: the desk of the evaluation's."""

from tests.evaluation.conftest import desk

__all__ = ["desk"]
