"""A link to Valkey that fails on purpose: see tests/chaos/link.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.chaos import link
from tests.chaos.link import Link


@contextmanager
def link_to(redis_url: str) -> Iterator[Link]:
    """A link to the Valkey at the unix:// address `redis_url`; its `url` is another address of it."""
    with link.link_to(urlsplit(redis_url).path) as opened:
        opened.url = f"redis://127.0.0.1:{opened.port}"
        yield opened
