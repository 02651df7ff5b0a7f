"""Runs statements composed with SQLAlchemy Core on the process's psycopg connections."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import psycopg

from services.db.pool import Connection

_DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its dialects' constructors untyped


async def rows(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Every row that `statement` selects. Values travel as parameters, never inside the text."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    cursor = await connection.execute(str(compiled), compiled.params)
    return await cursor.fetchall()
