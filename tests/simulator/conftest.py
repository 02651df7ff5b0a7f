"""Fixtures of the simulator's tests."""

from tests.simulator_process import simulator

__all__ = ["simulator"]
