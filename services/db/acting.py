"""On whose behalf a transaction runs: told to PostgreSQL, for row-level security and the audit log.

The name holds for one transaction only (no session state: transaction poolers stay possible). A transaction without
one sees nothing where row-level security binds, and what it changes is the fleet's own work, which is not audited.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from services.db.pool import Connection, take_time


class Acting(msgspec.Struct, frozen=True):
    """Somebody at work. `via` names the credential: `local`, `session 3`, `key 5`, `anonymous`, `command (ada)` for
    who sits at the command line of the fleet's own machines, `source 7` for whoever knows the secret of that source's
    webhook, or `stream` for who only reads one.
    """

    user_id: int | None
    via: str
    address: str = ""


_PRESENT: ContextVar[Acting | None] = ContextVar("acting", default=None)


def begin(acting: Acting) -> None:
    """From here on this task acts as `acting`."""
    _PRESENT.set(acting)


@contextmanager
def acting_as(acting: Acting) -> Iterator[None]:
    """Inside the context this task acts as `acting`."""
    token = _PRESENT.set(acting)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def known_by(via: str, user_id: int) -> None:
    """From here on this task acts by this credential of the user, which was shown in the request itself."""
    present = _PRESENT.get()
    if present is not None:
        _PRESENT.set(msgspec.structs.replace(present, via=via, user_id=user_id))


def caller() -> Hashable:
    """Who is at work now, for telling callers apart: the user, and of those who are none the address."""
    present = _PRESENT.get()
    return present and (present.user_id or present.address)


async def tell(connection: Connection) -> None:
    """Tell this transaction on whose behalf it runs, if on anybody's."""
    present = _PRESENT.get()
    if present is not None:
        user = "" if present.user_id is None else str(present.user_id)
        await connection.execute(_TELL, [user, present.via, present.address])


async def begin_reading(connection: Connection) -> None:
    """Begin the transaction anew: it changes nothing, and all its statements see the database at one moment.

    They may take their time.
    """
    await connection.rollback()
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await take_time(connection)
    await tell(connection)


_TELL = """SELECT set_config('paperfleet.user_id', %s, true), set_config('paperfleet.via', %s, true),
    set_config('paperfleet.address', %s, true)"""
