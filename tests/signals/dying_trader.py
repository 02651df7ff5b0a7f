"""Passes of auto trading that die where they are told to: `python -m tests.signals.dying_trader`.

Each line on standard input is an order, {"environment", "die_at"}: a process forked from this one (everything is
imported here already) does one pass and kills itself by SIGKILL at step `die_at`. The answer is its {"steps"}, or the
step it {"died"} at. A step is each statement that writes or locks, each commit, and what comes right after one.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from paperfleet import logs
from services.bootstrap import build
from services.settings import Settings, load
from services.usecases.trade_signals import trade_signals


def main() -> None:
    logs.configure("WARNING")  # to standard error: standard output is for the answers
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            asyncio.run(_pass(load(order["environment"]), order["die_at"], writing))
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            steps = pipe.read().splitlines()
        _, status = os.waitpid(pid, 0)
        died = steps[-1] if os.WIFSIGNALED(status) else None
        sys.stdout.write(json.dumps({"steps": steps, "died": died, "status": status}) + "\n")
        sys.stdout.flush()


async def _pass(settings: Settings, die_at: int | None, writing: int) -> None:
    async with build(settings, name="dying") as services:
        _watch(die_at, writing)
        await trade_signals(services)


def _watch(die_at: int | None, writing: int) -> None:
    seen = 0

    def step(name: str) -> None:
        nonlocal seen
        os.write(writing, f"{name}\n".encode())
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    execute, commit = psycopg.AsyncConnection.execute, psycopg.AsyncConnection.commit

    async def watched_execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        words = str(query).split()
        if words and (words[0] != "SELECT" or "UPDATE" in words):
            step(f"before {' '.join(words[:3])}")
        return await execute(self, query, *arguments, **options)

    async def watched_commit(self: Any) -> None:
        if self.info.transaction_status is TransactionStatus.IDLE:
            return
        step("before commit")
        await commit(self)
        step("after commit")

    psycopg.AsyncConnection.execute = watched_execute
    psycopg.AsyncConnection.commit = watched_commit


if __name__ == "__main__":
    main()
