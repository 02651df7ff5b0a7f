"""Simulated exchange time: it can run faster than the wall, stand still, and be set."""

import time


class Clock:
    """Exchange time in epoch milliseconds.

    `elapsed` counts exchange time that passed since the start whether or not the clock was paused or set: the
    exchange's rate limits run on it.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0, *, paused: bool = False) -> None:
        self._wall = time.monotonic()
        self._time = float(time.time_ns() // 1_000_000 if start is None else start)
        self._elapsed = self._time
        self.speed = speed
        self.paused = paused

    def now(self) -> int:
        """Exchange time."""
        self._settle()
        return int(self._time)

    def elapsed(self) -> int:
        """Exchange milliseconds by which limits and bans are measured."""
        self._settle()
        return int(self._elapsed)

    def set(
        self, *, paused: bool | None = None, speed: float | None = None, time: int | None = None, advance: int = 0
    ) -> None:
        """Changes what is given. `time` and `advance` are in ms. Raises ValueError for a speed of 0 or less."""
        if speed is not None and speed <= 0:
            raise ValueError("speed must be above 0; pause the clock to stop it")
        self._settle()
        self.paused = self.paused if paused is None else paused
        self.speed = self.speed if speed is None else speed
        self._time = (self._time if time is None else float(time)) + advance

    def _settle(self) -> None:
        wall = time.monotonic()
        passed = (wall - self._wall) * 1000 * self.speed
        self._wall = wall
        self._elapsed += passed
        if not self.paused:
            self._time += passed
