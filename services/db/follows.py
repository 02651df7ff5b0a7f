"""Which accounts take a source's signals, and what they have otherwise than the source."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.db.pool import Connection
from services.domain.source import Overrides

_OVERRIDES = ", ".join(Overrides.__struct_fields__)


class Follow(msgspec.Struct, frozen=True):
    """An account that takes a source's signals since `followed_at`."""

    source_id: int
    account_id: int
    overrides: Overrides
    followed_at: datetime


async def follow(connection: Connection, source_id: int, account_id: int, overrides: Overrides) -> None:
    """Follow from now on, or change the overrides of a follow, which keeps its begin."""
    await connection.execute(
        f"""INSERT INTO follows (source_id, account_id, {_OVERRIDES}) VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (source_id, account_id) DO UPDATE
            SET ({_OVERRIDES}) = ({", ".join(f"excluded.{name}" for name in Overrides.__struct_fields__)})""",
        [source_id, account_id, *msgspec.structs.astuple(overrides)],
    )


async def unfollow(connection: Connection, source_id: int, account_id: int) -> bool:
    """Whether there was a follow to end."""
    ended = await connection.execute(
        "DELETE FROM follows WHERE source_id = %s AND account_id = %s", [source_id, account_id]
    )
    return ended.rowcount == 1


async def drop_foreign(connection: Connection, source_id: int) -> None:
    """End the follows of accounts that are not the source's owner's."""
    await connection.execute(
        """DELETE FROM follows f USING sources s, accounts a
           WHERE f.source_id = %s AND s.id = f.source_id AND a.id = f.account_id AND a.user_id <> s.user_id""",
        [source_id],
    )


async def of_source(connection: Connection, source_id: int, account_ids: Sequence[int] | None = None) -> list[Follow]:
    """The follows of a source by these accounts, or by all of them."""
    cursor = await connection.execute(
        f"""SELECT source_id, account_id, created_at, {_OVERRIDES} FROM follows
            WHERE source_id = %(source)s
              AND (%(accounts)s::bigint[] IS NULL OR account_id = ANY(%(accounts)s::bigint[])) ORDER BY account_id""",
        {"source": source_id, "accounts": None if account_ids is None else list(account_ids)},
    )
    return [_follow(row) for row in await cursor.fetchall()]


async def count(connection: Connection, source_id: int) -> int:
    """How many accounts follow a source, of anybody."""
    cursor = await connection.execute("SELECT count(*) FROM follows WHERE source_id = %s", [source_id])
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def of_account(connection: Connection, account_id: int, source_id: int) -> Follow | None:
    """How an account follows a source, if it does."""
    found = await of_source(connection, source_id, [account_id])
    return found[0] if found else None


def _follow(row: tuple[object, ...]) -> Follow:
    source_id, account_id, created_at, *overrides = row
    told = dict(zip(Overrides.__struct_fields__, overrides, strict=True))
    return msgspec.convert(
        {"source_id": source_id, "account_id": account_id, "overrides": told, "followed_at": created_at}, Follow
    )
