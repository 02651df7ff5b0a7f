"""Query strings, where the framework lets pass what nobody can have meant: misspelt, repeated or null parameters."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition

from services.domain.errors import InvalidInput


def check_query(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Where a route takes parameters: InvalidInput for another, for one that is null, or comes twice and is no list.

    Routes that take none are left alone: nothing can go astray there, and other people's systems append to addresses.
    """
    taken = _taken(handler)
    if not taken:
        return
    seen = set()
    for name, value in connection.query_params.multi_items():
        kind = taken.get(name)
        if kind is None:
            raise _refused(name, f"unknown parameter: there are {', '.join(sorted(taken))}")
        if name in seen and not kind.is_non_string_sequence:
            raise _refused(name, f"{name} must be given once")
        if value.lower() == "null" and str not in (kind.annotation, *kind.args):
            raise _refused(name, f"{name} must have a value: leave it out for none")
        seen.add(name)


_by_function: dict[object, dict[str, FieldDefinition]] = {}
"""Not by the handler: a guard is given a copy of it for each request."""


def _taken(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    """The parameters of a route's query, by their names there."""
    found = _by_function.get(handler.fn)
    if found is None:
        found = _by_function[handler.fn] = {
            field.kwarg_definition.name or name: field
            for name, field in handler.parsed_fn_signature.parameters.items()
            if isinstance(field.kwarg_definition, QueryParameter)
        }
    return found


def _refused(name: str, rule: str) -> InvalidInput:
    return InvalidInput("invalid_request", rule, field=name[:80])
