"""Workers that halt at a chosen step of their evaluation: `python -m tests.fleet.halting_worker`.

Each line on standard input is an order, {"environment", "log", "changes_max", "halt_at"}; the answer {"pid"} is a real
worker, forked from this process because everything is imported here already. It tells on standard output when it has
come to step `halt_at`, {"halted"}, and stands still there; without one, it tells all {"steps"} at its evaluation's end.

A step is each statement that writes or locks, each end of a pipeline, each commit, and what comes right after one.
They are seen by wrapping psycopg, so the product has no part in this.
"""

import contextvars
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from services.domain import coverage
from services.settings import load
from services.usecases import evaluate_trades as evaluation
from services.usecases import judge_paths
from workers import processes

THREADS = 2

_steps: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("steps", default=None)


class Reports:
    """The way back to the test; one write a line, so that the lines of several processes do not mix."""

    def __init__(self) -> None:
        self._output = os.dup(1)

    def send(self, **report: Any) -> None:
        os.write(self._output, json.dumps(report).encode() + b"\n")


def main() -> None:
    """Answers orders until standard input ends; then no worker is left."""
    reports, pids = Reports(), set()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _work(order, reports)
            os._exit(0)
        pids.add(pid)
        reports.send(pid=pid)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)  # not waited for so far, so none of these numbers is another process's
        os.waitpid(pid, 0)


def _work(order: dict[str, Any], reports: Reports) -> None:
    log = os.open(Path(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _watch_evaluations(reports)
    _watch_statements(reports, order["halt_at"])
    judge_paths.CHANGES_MAX = order["changes_max"]
    coverage.LAG_MAX = timedelta(0)  # the market's clock stands still right at the end of a minute
    processes.run_worker(load(order["environment"]), [], THREADS)


def _watch_evaluations(reports: Reports) -> None:
    """Steps count from the beginning of an evaluation, in its own task and those it starts."""
    evaluate = evaluation.evaluate_trades

    async def watched(*arguments: Any) -> Any:
        steps: list[str] = []
        _steps.set(steps)
        try:
            return await evaluate(*arguments)
        finally:
            reports.send(steps=steps)

    evaluation.evaluate_trades = watched


def _watch_statements(reports: Reports, halt_at: int | None) -> None:
    def step(name: str) -> None:
        steps = _steps.get()
        if steps is None:
            return
        steps.append(name)
        if len(steps) - 1 == halt_at:
            reports.send(halted=name)
            signal.pause()

    execute, commit = psycopg.AsyncConnection.execute, psycopg.AsyncConnection.commit
    leave = psycopg.AsyncPipeline.__aexit__

    async def watched_execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        words = str(query).split()
        if words and (words[0] != "SELECT" or "UPDATE" in words):
            step(f"before {' '.join(words[:2])}")
        return await execute(self, query, *arguments, **options)

    async def watched_commit(self: Any) -> None:
        if self.info.transaction_status is TransactionStatus.IDLE:
            return  # nothing to commit
        step("before commit")
        await commit(self)
        step("after commit")

    async def watched_leave(self: Any, *error: Any) -> Any:
        step("before the pipeline's end")
        left = await leave(self, *error)
        step("after the pipeline's end")
        return left

    psycopg.AsyncConnection.execute = watched_execute
    psycopg.AsyncConnection.commit = watched_commit
    psycopg.AsyncPipeline.__aexit__ = watched_leave


if __name__ == "__main__":
    main()
