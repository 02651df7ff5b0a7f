"""How every process of the fleet connects to its Redis. Over TLS the server must prove its name."""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff

from services.settings import Settings

ANSWER_SECONDS = 5


def redis_client(settings: Settings) -> redis.asyncio.Redis:
    """A client of the fleet's Redis, which connects when it is first asked; the caller closes it."""
    return redis.asyncio.Redis.from_url(
        settings.redis_url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=5,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        **_trust(settings.redis_ca_file),
    )


def blocking_client(url: str, ca_file: str = "") -> redis.Redis:
    """A client for threads, with bounded waits, that never repeats a command by itself.

    A repeated fetch orphans what the first one took, a repeated enqueue runs twice; whoever called knows better.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=redis.retry.Retry(NoBackoff(), 0),
        **_trust(ca_file),
    )


def _trust(ca_file: str) -> dict[str, Any]:
    """What a client of a rediss:// URL is told besides; without a file it trusts whom the system trusts."""
    return {"ssl_ca_certs": ca_file} if ca_file else {}
