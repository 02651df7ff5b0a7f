"""Fixtures of the evaluation's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.evaluation.desk import Desk, open_pool


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    pool = await open_pool(database_url)
    yield await Desk(pool).set_up()
    await pool.close()
