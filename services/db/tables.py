"""The tables as SQLAlchemy Core sees them, for statements that are composed. The migrations are the authority."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Numeric, Table, Text
from sqlalchemy import BigInteger as Big
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
_TIME = DateTime(timezone=True)


def _table(name: str, *columns: Column[object]) -> Table:
    return Table(name, metadata, *columns)
