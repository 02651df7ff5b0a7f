"""Fixtures of the database's tests: the desk of the evaluation's, and a database without a schema."""

from collections.abc import Iterator

import pytest

from tests.evaluation.conftest import desk
from tests.servers import Servers

__all__ = ["desk"]


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    with servers.database("template0") as url:
        yield url
