"""Outlets: the webhooks and notification targets of users, as rows. How they are served: `services.db.outbox`."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from services.db import caps
from services.db.pool import Connection
from services.domain.outlets import QuietHours, Rule


class OutletKind(StrEnum):
    """By what an outlet's messages travel."""

    WEBHOOK = "webhook"
    NOTIFICATION = "notification"


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """A place that events go to. `url`, `secret` and `previous_secret` never leave for logs or other users.

    `previous_secret` signs too until `previous_until`. `waiting` and `dead` count deliveries.
    """

    id: int
    user_id: int
    kind: OutletKind
    description: str
    url: str
    rules: tuple[Rule, ...]
    quiet_hours: QuietHours | None
    secret: str | None
    previous_secret: str | None
    previous_until: datetime | None
    verified_at: datetime | None
    enabled: bool
    disabled_reason: str
    failures: int
    failing_since: datetime | None
    retry_at: datetime
    delivered_total: int
    created_at: datetime
    updated_at: datetime
    waiting: int = 0
    dead: int = 0

    def signing(self, now: datetime) -> list[str]:
        """The secrets that sign at `now`."""
        secrets = [self.secret] if self.secret else []
        if self.previous_secret and self.previous_until and now < self.previous_until:
            secrets.append(self.previous_secret)
        return secrets


_FIELDS = tuple(name for name in Outlet.__struct_fields__ if name not in ("waiting", "dead"))
COLUMNS = ", ".join("o.secret_url" if name == "url" else f"o.{name}" for name in _FIELDS)
"""What `from_row` takes, from outlets o."""


def from_row(row: tuple[Any, ...], **counts: int) -> Outlet:
    """The outlet of a row of COLUMNS."""
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)) | counts, Outlet)


async def create(
    connection: Connection,
    user_id: int,
    kind: OutletKind,
    *,
    url: str,
    description: str,
    rules: tuple[Rule, ...],
    quiet_hours: QuietHours | None = None,
    secret: str | None = None,
) -> int:
    """A new outlet that follows its user's streams from this moment on; its id."""
    cursor = await connection.execute(
        """INSERT INTO outlets (user_id, kind, secret_url, description, rules, quiet_hours, secret)
           VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        [user_id, kind, url, description, _json(rules), None if quiet_hours is None else _json(quiet_hours), secret],
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def count(connection: Connection, user_id: int, kind: OutletKind) -> int:
    """How many a user has; others who would add one wait until this transaction ends."""
    query = "SELECT count(*) FROM outlets WHERE user_id = %s AND kind = %s"
    return await caps.count(connection, user_id, query, [user_id, kind])


_COUNTED = f"""
SELECT {COLUMNS}, d.waiting, d.dead FROM outlets o CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead
    FROM deliveries WHERE outlet_id = o.id AND state IN ('waiting', 'dead')
) d
"""


async def of_user(connection: Connection, user_id: int, kind: OutletKind) -> list[Outlet]:
    """A user's outlets of a kind, by id."""
    cursor = await connection.execute(f"{_COUNTED} WHERE o.user_id = %s AND o.kind = %s ORDER BY o.id", [user_id, kind])
    return [from_row(tuple(row), waiting=waiting, dead=dead) for *row, waiting, dead in await cursor.fetchall()]


async def load(
    connection: Connection, user_id: int, kind: OutletKind, outlet_id: int, *, lock: bool = False
) -> Outlet | None:
    """The outlet, if it is the user's; with `lock`, nobody else changes it until the transaction ends."""
    cursor = await connection.execute(
        f"{_COUNTED} WHERE o.id = %s AND o.user_id = %s AND o.kind = %s" + (" FOR NO KEY UPDATE OF o" if lock else ""),
        [outlet_id, user_id, kind],
    )
    row = await cursor.fetchone()
    return None if row is None else from_row(row[:-2], waiting=row[-2], dead=row[-1])


async def store(connection: Connection, outlet: Outlet) -> None:
    """Store what a user may change of a locked outlet."""
    quiet_hours = None if outlet.quiet_hours is None else _json(outlet.quiet_hours)
    await connection.execute(
        """UPDATE outlets SET secret_url = %s, description = %s, rules = %s, quiet_hours = %s, verified_at = %s,
               enabled = %s, disabled_reason = %s, failures = %s, failing_since = %s, retry_at = %s, updated_at = now()
           WHERE id = %s""",
        [
            *(outlet.url, outlet.description, _json(outlet.rules), quiet_hours, outlet.verified_at, outlet.enabled),
            *(outlet.disabled_reason, outlet.failures, outlet.failing_since, outlet.retry_at, outlet.id),
        ],
    )


async def rotate(connection: Connection, outlet_id: int, secret: str, overlap: timedelta) -> None:
    """A new secret; the present one signs too for `overlap`."""
    await connection.execute(
        """UPDATE outlets SET previous_secret = secret, previous_until = now() + %s, secret = %s, updated_at = now()
           WHERE id = %s""",
        [overlap, secret, outlet_id],
    )


async def delete(connection: Connection, outlet_id: int) -> None:
    """Forget an outlet with its cursors and deliveries."""
    await connection.execute("DELETE FROM outlets WHERE id = %s", [outlet_id])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
