"""How an actor is declared: an async function with every limit written out."""

import inspect
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec

import dramatiq
import structlog
from psycopg import OperationalError

from services.domain.errors import InvalidData, Unavailable
from workers.broker import FleetBroker, broker
from workers.middleware import GivenBack, Postponed
from workers.runtime import Interrupted, current_runtime

Params = ParamSpec("Params")
LOGGED = ("shard", "market")
"""Arguments that every log line of a message's work carries, beside what is in `middleware.LogContext`."""

AsyncFunction = Callable[Params, Coroutine[Any, Any, None]]


def actor(
    queue: str,
    *,
    max_age: timedelta,
    time_limit: timedelta,
    max_retries: int,
    priority: int = 0,
    on: FleetBroker = broker,
) -> Callable[[AsyncFunction[Params]], dramatiq.Actor[Params, None]]:
    """Declares an async function as an actor on `queue`.

    max_age      a message older than this is dropped: what it asks for is somebody else's job by then
    time_limit   work is cancelled after this long, and counts as failed
    max_retries  how often a failed message is tried again, 0.5 s to 5 s apart
    priority     of the messages that a worker has in hand, lower numbers are begun first

    A function that raises Unavailable or InvalidData (an answer of the exchange that is to be asked for again) is
    retried too, without a traceback and without a dead letter in the end. One that the end of its worker cuts short is
    begun anew elsewhere, so it must bear that at every await.
    """

    def declare(function: AsyncFunction[Params]) -> dramatiq.Actor[Params, None]:
        names = tuple(inspect.signature(function).parameters)

        @wraps(function)
        def run(*args: Params.args, **kwargs: Params.kwargs) -> None:
            named = dict(zip(names, args, strict=False)) | kwargs
            told = {name: named[name] for name in LOGGED if named.get(name) is not None}
            structlog.contextvars.bind_contextvars(**told)
            try:
                current_runtime().run(function(*args, **kwargs), limit_seconds=time_limit.total_seconds())
            except (Unavailable, InvalidData, OperationalError) as error:
                raise Postponed(str(error)) from error
            except Interrupted as error:
                raise GivenBack("the worker ends") from error

        return dramatiq.actor(
            broker=on,
            queue_name=queue,
            max_age=round(max_age.total_seconds() * 1000),
            max_retries=max_retries,
            priority=priority,
        )(run)

    return declare
