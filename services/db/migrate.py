"""Bring a database to the newest schema. Safe to run from any number of processes at once."""

from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_LOCK = 0x70617065  # one advisory lock for all migrations of this product: "pape" in ASCII

_OUTLAST = sqlalchemy.text(
    """SELECT set_config('transaction_timeout', '0', false)
       WHERE current_setting('transaction_timeout', true) IS NOT NULL"""  # PostgreSQL 17 brought it
)


def upgrade(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate the database at libpq `url` to the newest revision, or another; does nothing when it is beyond.

    The revisions before and after, None for an empty database.
    """
    engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            # What is set on the user bounds the fleet's statements, not a migration's nor its wait for its turn.
            connection.execute(sqlalchemy.text("SET statement_timeout = 0"))
            connection.execute(_OUTLAST)
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            was = _revision(connection)
            command.upgrade(config, revision)
            now = _revision(connection)
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
            return was, now
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision that this program knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _revision(connection: sqlalchemy.Connection) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return found


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def sqlalchemy_url(url: str) -> sqlalchemy.URL:
    """A libpq URL as SQLAlchemy spells it, on the driver that production uses."""
    return sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
