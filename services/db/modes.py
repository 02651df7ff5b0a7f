"""The mode of accounts as rows. An account is live while its row has not run out: it ends without anybody's doing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from psycopg.rows import class_row

from services.db.pool import Connection
from services.domain.mode import TOKEN_LIFE, Mode


class Live(msgspec.Struct, frozen=True):
    """A live account, and the webhook that its signals are handed to."""

    account_id: int
    outlet_id: int
    since: datetime
    live_until: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of mode as it was recorded. `user_id` is null where nobody did it: time ran out, a webhook failed."""

    at: datetime
    mode: Mode
    reason: str
    user_id: int | None
    webhook_id: int | None
    live_until: datetime | None


class Ended(msgspec.Struct, frozen=True):
    """An account that has just gone back to paper."""

    account_id: int
    name: str
    outlet_id: int


class Handed(msgspec.Struct, frozen=True):
    """An account whose signals of a source are handed over, from a moment on."""

    account_id: int
    name: str
    source_id: int
    since: datetime
    live_until: datetime


async def live(connection: Connection, account_ids: Iterable[int]) -> dict[int, Live]:
    """Those of the accounts that are live now."""
    cursor = await connection.execute(
        """SELECT account_id, outlet_id, since, live_until FROM account_modes
           WHERE account_id = ANY(%s::bigint[]) AND live_until > now()""",
        [list(account_ids)],
    )
    return {row[0]: Live(*row) for row in await cursor.fetchall()}


async def owner(connection: Connection, account_id: int) -> tuple[int, str] | None:
    """Whose account it is, and its name."""
    cursor = await connection.execute("SELECT user_id, name FROM accounts WHERE id = %s", [account_id])
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1])


async def ask(connection: Connection, account_id: int, user_id: int, outlet_id: int, token_hash: bytes) -> datetime:
    """Keep a one-time token, in place of any earlier one of the account; when it runs out."""
    cursor = await connection.execute(
        """INSERT INTO mode_tokens (account_id, user_id, outlet_id, token_hash, expires_at)
           VALUES (%s, %s, %s, %s, now() + %s)
           ON CONFLICT (account_id) DO UPDATE SET user_id = excluded.user_id, outlet_id = excluded.outlet_id,
               token_hash = excluded.token_hash, expires_at = excluded.expires_at
           RETURNING expires_at""",
        [account_id, user_id, outlet_id, token_hash, TOKEN_LIFE],
    )
    row = await cursor.fetchone()
    assert row is not None
    expires_at: datetime = row[0]
    return expires_at


async def redeem(connection: Connection, account_id: int, user_id: int, outlet_id: int, token_hash: bytes) -> bool:
    """Use a token up, if it is this account's, user's and webhook's and has not run out."""
    used = await connection.execute(
        """DELETE FROM mode_tokens WHERE account_id = %s AND user_id = %s AND outlet_id = %s AND token_hash = %s
           AND expires_at > now()""",
        [account_id, user_id, outlet_id, token_hash],
    )
    return used.rowcount == 1


async def begin(connection: Connection, account_id: int, outlet_id: int, user_id: int, lasting: timedelta) -> datetime:
    """Make the account live; until when. Recorded."""
    cursor = await connection.execute(
        """INSERT INTO account_modes (account_id, outlet_id, live_until, changed_by) VALUES (%s, %s, now() + %s, %s)
           ON CONFLICT (account_id) DO UPDATE SET outlet_id = excluded.outlet_id, since = now(),
               live_until = excluded.live_until, changed_by = excluded.changed_by
           RETURNING live_until""",
        [account_id, outlet_id, lasting, user_id],
    )
    row = await cursor.fetchone()
    assert row is not None
    until: datetime = row[0]
    await connection.execute(
        """INSERT INTO mode_changes (account_id, mode, reason, user_id, outlet_id, live_until)
           VALUES (%s, 'live', 'confirmed', %s, %s, %s)""",
        [account_id, user_id, outlet_id, until],
    )
    return until


_END = """
WITH gone AS (
    DELETE FROM account_modes m USING accounts a WHERE a.id = m.account_id AND {condition}
    RETURNING m.account_id, a.name, m.outlet_id
), told AS (
    INSERT INTO mode_changes (account_id, mode, reason, user_id, outlet_id)
    SELECT account_id, 'paper', %(reason)s, %(user)s, outlet_id FROM gone
), buried AS (
    UPDATE deliveries d SET state = 'dead', error = 'not sent: the account is back to paper' FROM gone
    WHERE d.account_id = gone.account_id AND d.outlet_id = gone.outlet_id AND d.state = 'waiting'
)
SELECT account_id, name, outlet_id FROM gone ORDER BY account_id
"""


async def end(connection: Connection, account_id: int, reason: str, user_id: int | None) -> list[Ended]:
    """Back to paper, at once: what was not handed over yet never will be. Recorded; nothing if it was not live."""
    return await _end(connection, "m.account_id = %(id)s", account_id, reason, user_id)


async def end_by_outlet(connection: Connection, outlet_id: int, reason: str, user_id: int | None) -> list[Ended]:
    """The same for every account that is live by this webhook."""
    return await _end(connection, "m.outlet_id = %(id)s", outlet_id, reason, user_id)


async def end_by_user(connection: Connection, owner_id: int, reason: str, user_id: int | None) -> list[Ended]:
    """The same for every account of this owner."""
    return await _end(connection, "a.user_id = %(id)s", owner_id, reason, user_id)


async def end_all(connection: Connection, reason: str, user_id: int | None) -> list[Ended]:
    """The same for every account."""
    return await _end(connection, "true", 0, reason, user_id)


async def end_expired(connection: Connection) -> list[Ended]:
    """Record the accounts whose time has run out."""
    return await _end(connection, "m.live_until <= now()", 0, "the set time has passed", None)


async def handed(connection: Connection, outlet_id: int) -> Sequence[Handed]:
    """Whose signals are handed to this webhook now, by account and source."""
    cursor = await connection.execute(
        """SELECT m.account_id, a.name, f.source_id, greatest(m.since, f.created_at), m.live_until
           FROM account_modes m JOIN accounts a ON a.id = m.account_id JOIN follows f ON f.account_id = m.account_id
           WHERE m.outlet_id = %s AND m.live_until > now() ORDER BY m.account_id, f.source_id""",
        [outlet_id],
    )
    return [Handed(*row) for row in await cursor.fetchall()]


async def changes(connection: Connection, account_id: int, limit: int) -> list[Change]:
    """The newest changes of an account's mode, newest first."""
    async with connection.cursor(row_factory=class_row(Change)) as cursor:
        await cursor.execute(
            """SELECT at, mode, reason, user_id, outlet_id AS webhook_id, live_until FROM mode_changes
               WHERE account_id = %s ORDER BY id DESC LIMIT %s""",
            [account_id, limit],
        )
        return await cursor.fetchall()


async def _end(connection: Connection, condition: str, id_: int, reason: str, user_id: int | None) -> list[Ended]:
    cursor = await connection.execute(_END.format(condition=condition), {"id": id_, "reason": reason, "user": user_id})
    return [Ended(*row) for row in await cursor.fetchall()]
