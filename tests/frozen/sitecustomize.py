"""A process that stops itself (SIGSTOP), once: after the first statement to PostgreSQL that contains STOP_AFTER.

From outside a process cannot be stopped between two statements, only while it waits for one. With this folder on
PYTHONPATH Python imports a module of this name before anything else.
"""

import os
import signal
from typing import Any

import psycopg

execute, orders = psycopg.AsyncCursor.execute, [os.environ["STOP_AFTER"]]


async def stopping(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
    """Execute the statement; and stop, if it is the one."""
    done = await execute(self, query, *arguments, **options)
    if orders and orders[0] in str(query):
        orders.clear()
        os.kill(os.getpid(), signal.SIGSTOP)
    return done


psycopg.AsyncCursor.execute = stopping  # type: ignore[method-assign] # that is what it is for
