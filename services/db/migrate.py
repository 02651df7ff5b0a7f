"""Bring a database to the newest schema. Safe to run from any number of processes at once."""

from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config

_LOCK = 0x70617065  # one advisory lock for all migrations of this product: "pape" in ASCII


def upgrade(url: str) -> None:
    """Migrate the database at libpq `url` to the newest revision; does nothing when it is there already."""
    engine = sqlalchemy.create_engine(sqlalchemy_url(url), poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    finally:
        engine.dispose()


def sqlalchemy_url(url: str) -> sqlalchemy.URL:
    """A libpq URL as SQLAlchemy spells it, on the driver that production uses."""
    return sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
