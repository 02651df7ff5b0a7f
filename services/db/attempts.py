"""What came of attempts to deliver, written down: on the deliveries, and on how their outlet is doing."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from services.db.pool import Connection


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `status` is null when there was no answer; `error` is empty when it was taken."""

    status: int | None
    error: str
    milliseconds: int


_WRITE = """
UPDATE deliveries SET attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()),
    last_attempt_at = now(), status_code = %(status)s, error = %(error)s, milliseconds = %(milliseconds)s,
"""


async def delivered(connection: Connection, outlet_id: int, ids: Sequence[int], attempt: Attempt) -> None:
    """These were taken, and the outlet works."""
    await connection.execute(
        f"{_WRITE} state = 'delivered', body = NULL WHERE id = ANY(%(ids)s::bigint[])",
        {**_parameters(attempt), "ids": list(ids)},
    )
    await connection.execute(
        """UPDATE outlets SET delivered_total = delivered_total + %s, failures = 0, failing_since = NULL
           WHERE id = %s""",
        [len(ids), outlet_id],
    )


async def refused(
    connection: Connection, outlet_id: int, ids: Sequence[int], attempt: Attempt, after: timedelta
) -> None:
    """The outlet works, but does not take these: they come again `after` a while, and others go on before them."""
    await connection.execute(
        f"{_WRITE} next_attempt_at = now() + %(after)s WHERE id = ANY(%(ids)s::bigint[])",
        {**_parameters(attempt), "ids": list(ids), "after": after},
    )
    await connection.execute(
        "UPDATE outlets SET failed_total = failed_total + 1, failures = 0, failing_since = NULL WHERE id = %s",
        [outlet_id],
    )


async def unreached(
    connection: Connection, outlet_id: int, ids: Sequence[int], attempt: Attempt, after: timedelta
) -> timedelta:
    """The outlet does not work: nothing goes there before `after`. For how long it has been failing now."""
    await connection.execute(
        f"{_WRITE} state = state WHERE id = ANY(%(ids)s::bigint[])", {**_parameters(attempt), "ids": list(ids)}
    )
    cursor = await connection.execute(
        """UPDATE outlets SET failed_total = failed_total + 1, failures = failures + 1,
               failing_since = coalesce(failing_since, now()), retry_at = now() + %s
           WHERE id = %s RETURNING now() - failing_since""",
        [after, outlet_id],
    )
    row = await cursor.fetchone()
    return timedelta(0) if row is None else row[0]


async def bury(connection: Connection, outlet_id: int, ids: Sequence[int], reason: str = "") -> None:
    """Set deliveries aside for good, for `reason` or for what their last attempt said."""
    await connection.execute(
        """UPDATE deliveries SET state = 'dead', error = coalesce(nullif(%s, ''), error)
           WHERE id = ANY(%s::bigint[]) AND state = 'waiting'""",
        [reason, list(ids)],
    )
    await connection.execute("UPDATE outlets SET dead_total = dead_total + %s WHERE id = %s", [len(ids), outlet_id])


async def postpone(connection: Connection, ids: Sequence[int], until: object) -> None:
    """Let deliveries rest until a time; that is no failure."""
    await connection.execute(
        "UPDATE deliveries SET next_attempt_at = %s WHERE id = ANY(%s::bigint[])", [until, list(ids)]
    )


async def disable(connection: Connection, outlet_id: int, reason: str) -> None:
    """Switch an outlet off; what waits stays."""
    await connection.execute(
        "UPDATE outlets SET enabled = false, disabled_reason = %s, updated_at = now() WHERE id = %s",
        [reason, outlet_id],
    )


def _parameters(attempt: Attempt) -> dict[str, object]:
    return msgspec.structs.asdict(attempt)
