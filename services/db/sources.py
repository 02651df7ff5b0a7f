"""Sources as stored: settings, webhook secrets, and their event streams. A source's row lock orders its stream."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.db import caps
from services.db.pool import Connection
from services.domain.source import SourceSettings


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source: whose it is, its name (which never changes), and its settings."""

    id: int
    user_id: int
    name: str
    settings: SourceSettings
    has_secret: bool
    created_at: datetime

    @property
    def stream(self) -> str:
        """Its event stream."""
        return stream_of(self.id)


def stream_of(source_id: int) -> str:
    """The event stream of a source."""
    return f"s{source_id}"


_SETTINGS = tuple("market" if name == "market_type" else name for name in SourceSettings.__struct_fields__)
_COLUMNS = f"s.id, s.user_id, s.name, s.secret_hash IS NOT NULL, s.created_at, s.{', s.'.join(_SETTINGS)}"


async def load(connection: Connection, source_ids: Iterable[int]) -> dict[int, Source]:
    """The sources with these ids."""
    cursor = await connection.execute(f"SELECT {_COLUMNS} FROM sources s WHERE id = ANY(%s)", [list(source_ids)])
    return {row[0]: _source(row) for row in await cursor.fetchall()}


async def named(connection: Connection, user_id: int, name: str) -> Source | None:
    """A user's source of that name."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM sources s WHERE user_id = %s AND name = %s", [user_id, name]
    )
    row = await cursor.fetchone()
    return None if row is None else _source(row)


async def visible(
    connection: Connection, user_id: int, account_ids: Sequence[int], limit: int, before: int | None = None
) -> list[Source]:
    """The sources a user may read: their own, the public ones, those their accounts follow. Newest first."""
    cursor = await connection.execute(
        f"""SELECT {_COLUMNS} FROM sources s
            WHERE {_VISIBLE} AND (%(before)s::bigint IS NULL OR s.id < %(before)s)
            ORDER BY s.id DESC LIMIT %(limit)s""",
        {"user": user_id, "accounts": list(account_ids), "before": before, "limit": limit},
    )
    return [_source(row) for row in await cursor.fetchall()]


async def visible_ids(connection: Connection, user_id: int, account_ids: Sequence[int], limit: int) -> list[int]:
    """The ids of the sources a user may read, their own and the followed ones first, then the newest."""
    cursor = await connection.execute(
        f"SELECT s.id FROM sources s WHERE {_VISIBLE} ORDER BY {_MINE} DESC, s.id DESC LIMIT %(limit)s",
        {"user": user_id, "accounts": list(account_ids), "limit": limit},
    )
    return [row[0] for row in await cursor.fetchall()]


_MINE = """(s.user_id = %(user)s OR EXISTS (
    SELECT FROM follows f WHERE f.source_id = s.id AND f.account_id = ANY(%(accounts)s::bigint[])))"""
_VISIBLE = f"(s.is_public OR {_MINE})"


async def may_read(connection: Connection, source_id: int, user_id: int, account_ids: Sequence[int]) -> bool:
    """Whether a user may read a source."""
    cursor = await connection.execute(
        f"SELECT FROM sources s WHERE s.id = %(id)s AND {_VISIBLE}",
        {"id": source_id, "user": user_id, "accounts": list(account_ids)},
    )
    return cursor.rowcount == 1


async def readable(connection: Connection, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Of these (user id, source id), 0 for nobody, those that hold: the user may read the source.

    With each, whether it concerns them: it is their own, or one of their accounts follows it.
    """
    pairs = list(wanted)
    cursor = await connection.execute(
        """SELECT w.user_id, w.source_id, m.concerns
           FROM unnest(%s::bigint[], %s::bigint[]) AS w(user_id, source_id) JOIN sources s ON s.id = w.source_id
           CROSS JOIN LATERAL (SELECT s.user_id = w.user_id OR EXISTS (
               SELECT FROM follows f JOIN accounts a ON a.id = f.account_id
               WHERE f.source_id = s.id AND a.user_id = w.user_id) AS concerns) m
           WHERE s.is_public OR m.concerns""",
        [[user_id for user_id, _ in pairs], [source_id for _, source_id in pairs]],
    )
    return {(user_id, source_id): concerns for user_id, source_id, concerns in await cursor.fetchall()}


async def create(connection: Connection, user_id: int, name: str, settings: SourceSettings) -> int | None:
    """The id of a new source; None when the user has one of that name."""
    values = [user_id, name, *msgspec.structs.astuple(settings)]
    cursor = await connection.execute(
        f"""INSERT INTO sources (user_id, name, {", ".join(_SETTINGS)}) VALUES ({", ".join(["%s"] * len(values))})
            ON CONFLICT (user_id, name) DO NOTHING RETURNING id""",
        values,
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def count(connection: Connection, user_id: int) -> int:
    """How many sources are the user's own; others who would add one wait until this transaction ends."""
    return await caps.count(connection, user_id, "SELECT count(*) FROM sources WHERE user_id = %s", [user_id])


async def set_settings(connection: Connection, source_id: int, settings: SourceSettings) -> None:
    """Store a source's settings; they hold for signals from now on."""
    assignments = ", ".join(f"{name} = %s" for name in _SETTINGS)
    await connection.execute(
        f"""UPDATE sources SET {assignments}, auto_trade_since =
                CASE WHEN %s AND NOT auto_trade THEN clock_timestamp() ELSE auto_trade_since END WHERE id = %s""",
        [*msgspec.structs.astuple(settings), settings.auto_trade, source_id],
    )


async def set_secret(connection: Connection, source_id: int, secret_hash: bytes) -> None:
    """Replace a source's webhook secret; the one before is worth nothing from then on."""
    await connection.execute(
        "UPDATE sources SET secret_hash = %s, secret_made_at = now() WHERE id = %s", [secret_hash, source_id]
    )


async def secret_hash(connection: Connection, source_id: int) -> bytes | None:
    """The hash of a source's webhook secret; None where no such source has one, or its user is disabled."""
    cursor = await connection.execute(
        """SELECT s.secret_hash FROM sources s JOIN users u ON u.id = s.user_id
           WHERE s.id = %s AND u.disabled_at IS NULL""",
        [source_id],
    )
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else bytes(row[0])


async def lock(connection: Connection, source_id: int) -> None:
    """Lock a source: who stores signals of it, or tells its stream, takes turns until the transaction ends."""
    await connection.execute("SELECT FROM sources WHERE id = %s FOR NO KEY UPDATE", [source_id])


async def tell(connection: Connection, events: Sequence[tuple[int, str, object]]) -> list[str]:
    """Append (source id, action, signal) to the sources' streams in the caller's transaction; which grew.

    Sources are locked in id order; lock signals before, accounts after.
    """
    if not events:
        return []
    counts: dict[int, int] = {}
    rows = []
    for source_id, action, signal in events:
        counts[source_id] = counts.get(source_id, 0) + 1
        payload = {"type": "signal", "action": action, "signal": signal}
        rows.append({"source_id": source_id, "n": counts[source_id], "action": action, "payload": payload})
    ids = sorted(counts)
    await connection.execute(_TELL, [ids, [counts[id_] for id_ in ids], msgspec.json.encode(rows).decode()])
    return [stream_of(id_) for id_ in ids]


# created_at is read under the source's lock, so that it runs in the order of seq.
_TELL = """
WITH grown AS (
    SELECT * FROM unnest(%s::bigint[], %s::int[]) AS g(id, n)
), locked AS MATERIALIZED (
    SELECT id FROM sources WHERE id IN (SELECT id FROM grown) ORDER BY id FOR NO KEY UPDATE
), moved AS (
    UPDATE sources s SET event_seq = s.event_seq + g.n FROM grown g JOIN locked USING (id) WHERE s.id = g.id
    RETURNING s.id, s.event_seq - g.n AS base
)
INSERT INTO events (stream, seq, created_at, type, action, payload)
SELECT 's' || moved.id, moved.base + e.n, clock_timestamp(), 'signal', e.action, e.payload
FROM json_to_recordset(%s::json) AS e(source_id bigint, n int, action text, payload json)
JOIN moved ON moved.id = e.source_id
"""


def _source(row: Sequence[Any]) -> Source:
    id_, user_id, name, has_secret, created_at, *settings = row
    told = dict(zip(SourceSettings.__struct_fields__, settings, strict=True))
    return Source(
        id=id_,
        user_id=user_id,
        name=name,
        settings=msgspec.convert(told, SourceSettings),
        has_secret=has_secret,
        created_at=created_at,
    )
