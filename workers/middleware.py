"""What every message meets before and after its actor."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import structlog
from dramatiq import Broker, MessageProxy, Middleware
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed, Retry
from dramatiq.middleware import Retries, SkipMessage

from services import traces
from workers.messages import Delivery

log = structlog.get_logger(__name__)

TICK = "tick"
"""The option of a message that names the job and the slot it goes back to."""
STARTS_MAX = 3
"""A message that was begun this often and never ended killed its workers: it is not begun again."""


class AgeLimit(Middleware):
    """Drops messages older than their actor's `max_age` (ms), or their own if shorter: a newer one has their work.

    They are not failures, so unlike dramatiq's own limit this does not fill the dead letters with them.
    """

    @property
    def actor_options(self) -> set[str]:
        return {"max_age"}

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        max_age: int = broker.get_actor(message.actor_name).options["max_age"]
        max_age = min(max_age, message.options.get("max_age", max_age))
        age = current_millis() - message.message_timestamp
        if age >= max_age:
            log.warning("stale message dropped", actor=message.actor_name, age_ms=age)
            raise SkipMessage("the message is too old")


class LogContext(Middleware):
    """Has every log line of a message's work, on whichever thread, carry the actor, the message's id, and its tick."""

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        tick: dict[str, str] = message.options.get(TICK, {})
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(actor=message.actor_name, message=message.message_id, **tick)


def of_tick() -> dict[str, dict[str, str]]:
    """Options of a message by which it goes back to the tick that had what sends it done; empty outside of any."""
    told = structlog.contextvars.get_contextvars()
    tick: dict[str, str] = {name: told[name] for name in ("job", "slot") if name in told}
    return {TICK: tick} if tick else {}


class Traces(Middleware):
    """Has a message's work be a span, below the one in which it was sent."""

    def __init__(self) -> None:
        self._open: dict[str, ExitStack] = {}

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if traces.is_on():
            span = self._open[message.message_id] = ExitStack()
            attributes = {"queue": message.queue_name, "message": message.message_id}
            span.enter_context(traces.span(message.actor_name, message.options.get(traces.TRACEPARENT), attributes))

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        if span := self._open.pop(message.message_id, None):
            span.close()

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        self.after_process_message(broker, message)


class StartLimit(Middleware):
    """Has `start` count how often work on a message began, and quarantines one that keeps killing its worker.

    Counted where the work begins, not where the message is delivered: what a dead worker had merely prefetched
    beside the killer is innocent. `start` gets a queue and the message's id in Redis, and may raise ConnectionClosed.
    """

    def __init__(self, start: Callable[[str, str], int]) -> None:
        self._start = start

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        if not isinstance(message, Delivery):
            return
        try:
            starts = self._start(message.queue_name, message.redis_id)
        except ConnectionClosed as error:
            log.warning("start not counted", actor=message.actor_name, error=str(error))
            return
        if starts > STARTS_MAX:
            message.quarantine(f"begun {STARTS_MAX} times and never ended")
            raise SkipMessage("the message kills its workers")


class Postponed(Retry):
    """The work cannot be done now for a reason outside of us; tried again, and at last left to the next cycle."""


class GivenBack(Retry):
    """The worker ends before the work is done: no failure of the message, which goes back to its queue as it was."""


class SafeRetries(Retries):
    """Retries that are never lost: a message whose retry cannot be enqueued goes to the dead letters.

    An error in this hook is logged and swallowed by dramatiq, and the message would then be acknowledged. The
    exchange or the database being away is no dead letter: what was asked for is asked again by the next cycle.
    """

    def __init__(self, *, max_retries: int, min_backoff: timedelta, max_backoff: timedelta) -> None:
        super().__init__(
            max_retries=max_retries,
            min_backoff=round(min_backoff.total_seconds() * 1000),
            max_backoff=round(max_backoff.total_seconds() * 1000),
        )

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        try:
            if isinstance(exception, GivenBack):
                assert isinstance(message, Delivery)
                message.give_back()
                log.info("unfinished message given back", actor=message.actor_name)
                return
            if isinstance(exception, Postponed) and self._is_last(broker, message):
                log.warning("given up until the next cycle", actor=message.actor_name, reason=str(exception))
                return
            super().after_process_message(  # type: ignore[no-untyped-call]
                broker, message, result=result, exception=exception
            )
        except BaseException:
            message.fail()
            raise

    def _is_last(self, broker: Broker, message: MessageProxy) -> bool:
        max_retries: int = broker.get_actor(message.actor_name).options["max_retries"]
        return int(message.options.get("retries", 0)) >= max_retries
