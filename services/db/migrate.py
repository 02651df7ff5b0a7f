"""Bring a database to the newest schema. Safe to run from any number of processes at once.

A revision that waits for a lock has everybody behind it who wants that table: it gives way soon, and tries again later.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from services.db.held_up import watched
from services.domain.errors import Unavailable

LOCK_SECONDS = 1.5
"""How long a revision waits for a lock: less than the two seconds of callers' statements, which may wait behind it.

More than `deadlock_timeout` (1 s), after which PostgreSQL itself ends an autovacuum that is in the way.
"""
PAUSE_SECONDS = 3.0
"""Before the next try: for those who waited behind the last one."""
PATIENCE_SECONDS = 300.0
"""After so long there is no further try."""

_LOCK = 0x70617065  # one advisory lock for all migrations of this product: "pape" in ASCII

_OUTLAST = sqlalchemy.text(
    """SELECT set_config('transaction_timeout', '0', false)
       WHERE current_setting('transaction_timeout', true) IS NOT NULL"""  # PostgreSQL 17 brought it
)


def _silent(_: str) -> None: ...


def upgrade(
    url: str,
    revision: str = "head",
    *,
    tell: Callable[[str], None] = _silent,
    patience_seconds: float = PATIENCE_SECONDS,
) -> tuple[str | None, str | None]:
    """Migrate the database at libpq `url` to the newest revision, or another; does nothing when it is beyond.

    The revisions before and after, None for an empty database. Of what takes long `tell` hears. Raises Unavailable when
    a lock was not to be had for `patience_seconds`; the revisions before that one stand.
    """
    named = {"application_name": "paperfleet migrate"}
    engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=sqlalchemy.NullPool, connect_args=named)
    try:
        with engine.connect() as connection, watched(url, _pid(connection), tell) as session:
            # What is set on the user bounds the fleet's statements, not a migration's nor its wait for its turn.
            connection.execute(sqlalchemy.text("SET statement_timeout = 0"))
            connection.execute(sqlalchemy.text("SET lock_timeout = 0"))
            connection.execute(_OUTLAST)
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.execute(sqlalchemy.text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
            connection.commit()
            was = _revision(connection)
            until = time.monotonic() + patience_seconds
            while (held := _try(connection, revision)) is not None:
                if time.monotonic() >= until:
                    raise Unavailable(
                        f"revision {held} of the schema did not get a lock that it needs: {session.held_by} "
                        "held it up. Wait for the end of that, or end it, and migrate again"
                    )
                tell(f"revision {held} gives way to {session.held_by} and tries again in {PAUSE_SECONDS:g} s")
                time.sleep(PAUSE_SECONDS)
            now = _revision(connection)
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
            return was, now
    finally:
        engine.dispose()


def _try(connection: sqlalchemy.Connection, revision: str) -> str | None:
    """Migrate, each revision in a transaction of its own; the one that got no lock, None when all is done."""
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise
        connection.rollback()
        known, reached = revisions(), _revision(connection)
        return known[known.index(reached) - 1] if reached else known[-1]
    return None


def revisions() -> list[str]:
    """Every revision that this program knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _revision(connection: sqlalchemy.Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return found


def _pid(connection: sqlalchemy.Connection) -> int:
    pid: int = connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar_one()
    connection.commit()
    return pid


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def sqlalchemy_url(url: str) -> sqlalchemy.URL:
    """A libpq URL as SQLAlchemy spells it, on the driver that production uses."""
    return sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
