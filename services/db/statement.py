"""Statements composed with SQLAlchemy Core, once for each shape, and run on the process's psycopg connections.

Composing and compiling take a millisecond, more than PostgreSQL takes for most pages. So a list's statement is made of
named parameters alone, and its text depends on nothing but which of them there are.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BindParameter, ColumnElement, Select, Text, any_, bindparam
from sqlalchemy.dialects.postgresql import psycopg

from services.db.pool import Connection

Names = frozenset[str]
"""The names of the parameters that there are."""

_DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its dialects' constructors untyped
_SHAPES = 256


def by_shape(compose: Callable[[Names], Select[Any]]) -> Callable[[Names], str]:
    """The text of the statement that `compose` makes with these parameters, kept for the next time."""

    @lru_cache(maxsize=_SHAPES)
    def text(names: Names) -> str:
        return str(compose(names).compile(dialect=_DIALECT))

    return text


async def rows(
    connection: Connection, text: Callable[[Names], str], values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Every row that the statement selects. Values travel as parameters, never inside the text."""
    cursor = await connection.execute(text(frozenset(values)), values)
    return await cursor.fetchall()


def given(wanted: msgspec.Struct) -> dict[str, Any]:
    """The fields of a filter that narrow, as parameters: those that are neither None nor empty."""
    fields = msgspec.structs.asdict(wanted)
    return {
        name: sorted(value) if isinstance(value, frozenset | tuple) else value
        for name, value in fields.items()
        if value not in (None, frozenset())
    }


def one_of(column: ColumnElement[Any], name: str, kind: Any = Text) -> ColumnElement[bool]:
    """Whether the column is among the values of the list parameter `name`; of an empty one it is not."""
    values: BindParameter[Any] = bindparam(name, type_=ARRAY(kind))
    return column == any_(values)


def equal(names: Names, columns: Mapping[str, ColumnElement[Any]]) -> list[ColumnElement[bool]]:
    """For each of `columns` that there is a parameter for: that it equals that."""
    return [column == bindparam(name) for name, column in columns.items() if name in names]
