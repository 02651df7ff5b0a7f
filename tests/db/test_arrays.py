"""What is sent as an array literal arrives as it was."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from services.db.arrays import array
from tests.evaluation.desk import Desk

NEW_YEAR = datetime(2026, 1, 1, 12, 30, 15, 123_456, UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [1, -2, 0, 2**40]),
        ("numeric", [Decimal("1E-15"), Decimal("-0.10"), None, Decimal("98765432109876543210.123456789"), Decimal(0)]),
        ("timestamptz", [NEW_YEAR, None, datetime(1970, 1, 1, tzinfo=UTC)]),
        ("timestamptz", [NEW_YEAR.astimezone(timezone(timedelta(hours=5, minutes=45)))]),
        ("numeric", [None, None]),
        ("int", []),
    ],
    ids=["numbers", "decimals", "times", "a time elsewhere", "nothing known", "nothing"],
)
async def test_an_array_arrives_as_it_was(desk: Desk, kind, values):
    async with desk.pool.connection() as connection:
        cursor = await connection.execute(f"SELECT %s::{kind}[]", [array(iter(values))])
        assert await cursor.fetchone() == (values,)
