"""Lua scripts beside this file, and what a Redis that is away is called here."""

import contextlib
from collections.abc import Iterator
from importlib import resources

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError, RedisError, TimeoutError

from services.domain.errors import Unavailable


def script(redis: Redis, name: str) -> AsyncScript:
    """The script `lua/<name>.lua`, loaded into the server when it is first run."""
    return redis.register_script((resources.files(__package__) / "lua" / f"{name}.lua").read_text())


@contextlib.contextmanager
def unavailable_without_redis() -> Iterator[None]:
    """Turns any failure of Redis into Unavailable."""
    try:
        yield
    except (ConnectionError, TimeoutError) as error:
        raise Unavailable(f"Redis cannot be reached: {error}") from error
    except RedisError as error:
        raise Unavailable(f"Redis: {type(error).__name__} {error}".strip()) from error


def as_bytes(value: object) -> bytes:
    """A Redis answer as bytes: connections of ours never decode, the client's types cannot know that."""
    assert isinstance(value, bytes)
    return value
