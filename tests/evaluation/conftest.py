"""Fixtures of the evaluation's tests."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from tests.evaluation.desk import Desk, open_pool

settings.register_profile("long")
"""Thousands of examples: pytest tests/evaluation --hypothesis-profile=long."""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    pool = await open_pool(database_url)
    yield await Desk(pool).set_up()
    await pool.close()
