"""The broker's Redis commands: which keys exist, and the scripts that move messages between them.

    <ns>:<queue>                  list of ids waiting           <ns>:<queue>.msgs     hash id -> message
    <ns>:<queue>.starts           hash id -> times begun        <ns>:<queue>.XQ       zset of dead letter ids
    <ns>:__held__.<worker>.<queue>  set of ids in a worker's hands  <ns>:<queue>.XQ.msgs  hash id -> message
    <ns>:__queues__.<worker>      set of queues it took from    <ns>:__heartbeats__   zset worker -> last sign, ms
    <ns>:__quarantine__           list of records of messages that must not run

`<queue>.DQ` is a queue of its own for delayed messages; it shares the dead letters of `<queue>`. All times are
Redis' own, those in waiting messages too, so that workers with wrong clocks neither declare each other dead nor take a
young message for an old one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import resources
from typing import Any, cast
from uuid import uuid4

import redis
from dramatiq.common import q_name
from dramatiq.errors import ConnectionClosed

from services.coordination.shared_clock import SharedClock
from services.coordination.task_queue import DOORBELL

HEARTBEAT_TIMEOUT = timedelta(seconds=15)
"""A worker silent for this long is dead. Longer than any pause of a live one (garbage collection, a slow disk)."""
DEAD_LETTER_LIFE = timedelta(days=7)
DEAD_LETTERS_MAX = 10_000
QUARANTINE_MAX = 1_000

SCRIPTS = {
    name: (resources.files("workers") / "lua" / f"{name}.lua").read_text()
    for name in ("enqueue", "fetch", "done", "bury", "quarantine", "requeue", "give_back", "recover")
}


@contextmanager
def as_broker_errors() -> Iterator[None]:
    """Turns every Redis error into dramatiq's ConnectionClosed, the one it retries.

    Timeouts, a read-only replica and a full memory are no `redis.ConnectionError`; left alone, an acknowledgement
    that meets one is given up and its message hangs until the process ends.
    """
    try:
        yield
    except redis.RedisError as error:
        raise ConnectionClosed(f"{type(error).__name__}: {error}") from error  # type: ignore[no-untyped-call]


class QueueCommands:
    """The commands of one worker process. Each raises ConnectionClosed when Redis does not answer as it should."""

    def __init__(self, client: redis.Redis, namespace: str, heartbeat_timeout: timedelta = HEARTBEAT_TIMEOUT) -> None:
        self.client = client
        self.namespace = namespace
        self.worker = str(uuid4())
        self.heartbeat_timeout_ms = round(heartbeat_timeout.total_seconds() * 1000)
        self.recovery_seconds = heartbeat_timeout.total_seconds() / 3
        """How often a consumer is to `recover`: to beat, and to look for the messages of dead workers."""
        self._clock = SharedClock()
        self._scripts = {name: client.register_script(source) for name, source in SCRIPTS.items()}

    def enqueue(self, batch: Mapping[str, Mapping[str, bytes]]) -> None:
        """Adds messages {queue: {id: data}}, those of one queue together."""
        for queue, messages in batch.items():
            self._run(
                "enqueue",
                [self._queue(queue), self._messages(queue), DOORBELL],
                [queue, *(each for message in messages.items() for each in message)],
            )

    def clock_ahead_ms(self) -> int:
        """How far Redis' clock is ahead of this machine's; asked for now and then. Raises nothing."""
        if (begun := self._clock.begin()) is not None:
            with suppress(redis.RedisError):
                self._clock.told(self.client.time(), begun)
        return round(self._clock.ahead().total_seconds() * 1000)

    def fetch(self, queue: str, count: int) -> list[tuple[str, bytes]]:
        """Up to `count` messages (id, data), held by this worker from now on."""
        found = self._run(
            "fetch",
            [
                self._heartbeats,
                self._queue(queue),
                self._messages(queue),
                self._held(queue),
                f"{self.namespace}:__queues__.{self.worker}",
            ],
            [self.worker, queue, count],
        )
        return [(found[i].decode(), found[i + 1]) for i in range(0, len(found), 2)]

    def start(self, queue: str, redis_id: str) -> int:
        """How many times work on the message has begun, this time included."""
        with as_broker_errors():
            return int(self.client.hincrby(f"{self._queue(queue)}.starts", redis_id, 1))

    def done(self, queue: str, redis_id: str) -> None:
        """The work is done: the message ceases to exist."""
        self._run("done", self._of_message(queue), [redis_id])

    def bury(self, queue: str, redis_id: str, data: bytes) -> None:
        """The message failed for good: it goes to the dead letters as `data`, which tells its last error."""
        keys = [*self._of_message(queue), self._dead(queue), f"{self._dead(queue)}.msgs"]
        self._run("bury", keys, [redis_id, data, DEAD_LETTERS_MAX])

    def quarantine(self, queue: str, redis_id: str, record: bytes) -> None:
        """The message must not run: `record` is kept for the operator in its place."""
        self._run("quarantine", [*self._of_message(queue), self.quarantine_key], [redis_id, record, QUARANTINE_MAX])

    def requeue(self, queue: str, redis_ids: Sequence[str]) -> int:
        """Puts messages this worker holds back on the queue; returns how many."""
        if not redis_ids:
            return 0
        keys = [self._queue(queue), self._messages(queue), self._held(queue), DOORBELL]
        return int(self._run("requeue", keys, [queue, *redis_ids]))

    def give_back(self, queue: str, redis_id: str) -> None:
        """Work on a message this worker holds began and is not done: it is the queue's next one, as if never begun."""
        keys = [self._queue(queue), self._messages(queue), self._held(queue), f"{self._queue(queue)}.starts", DOORBELL]
        self._run("give_back", keys, [redis_id, queue])

    def reclaim(self, queue: str, in_memory: Iterable[str]) -> int:
        """Requeues what Redis believes this worker holds and it does not: the reply of a fetch got lost."""
        with as_broker_errors():
            held = {redis_id.decode() for redis_id in cast("set[bytes]", self.client.smembers(self._held(queue)))}
        return self.requeue(queue, sorted(held.difference(in_memory)))

    def recover(self, queue: str) -> int:
        """Beats, and takes this queue's messages back from dead workers; returns how many."""
        return int(
            self._run(
                "recover",
                [
                    self._heartbeats,
                    self._queue(queue),
                    self._messages(queue),
                    self._dead(queue),
                    f"{self._dead(queue)}.msgs",
                    DOORBELL,
                ],
                [
                    self.worker,
                    queue,
                    f"{self.namespace}:__held__.",
                    f"{self.namespace}:__queues__.",
                    self.heartbeat_timeout_ms,
                    round(DEAD_LETTER_LIFE.total_seconds() * 1000),
                ],
            )
        )

    def size(self, queue: str) -> int:
        """Messages of the queue that are not settled: waiting, delayed or in a worker's hands."""
        with as_broker_errors():
            return int(self.client.hlen(self._messages(queue)))

    def purge(self, queue: str) -> None:
        """Forgets the queue's messages and dead letters."""
        with as_broker_errors():
            self.client.delete(
                self._queue(queue), *self._of_message(queue), self._dead(queue), f"{self._dead(queue)}.msgs"
            )

    @property
    def quarantine_key(self) -> str:
        return f"{self.namespace}:__quarantine__"

    @property
    def _heartbeats(self) -> str:
        return f"{self.namespace}:__heartbeats__"

    def _queue(self, queue: str) -> str:
        return f"{self.namespace}:{queue}"

    def _messages(self, queue: str) -> str:
        return f"{self.namespace}:{queue}.msgs"

    def _held(self, queue: str) -> str:
        return f"{self.namespace}:__held__.{self.worker}.{queue}"

    def _dead(self, queue: str) -> str:
        return f"{self.namespace}:{q_name(queue)}.XQ"

    def _of_message(self, queue: str) -> list[str]:
        return [self._messages(queue), self._held(queue), f"{self._queue(queue)}.starts"]

    def _run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        with as_broker_errors():
            return self._scripts[script](keys=keys, args=args)
