"""The tables as SQLAlchemy Core sees them, for statements that are composed. The migrations are the authority."""

from sqlalchemy import Column, DateTime, MetaData, Table

metadata = MetaData()
_TIME = DateTime(timezone=True)


def _table(name: str, *columns: Column[object]) -> Table:
    return Table(name, metadata, *columns)
