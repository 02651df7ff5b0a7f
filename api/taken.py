"""What requests may hold and answers never do: an exact number that is a JSON number and no string."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.plain_schema import DECIMAL

_PLACE = "#/components/schemas/"


def widen(document: dict[str, Any]) -> None:
    """Let request bodies hold numbers; a schema that answers have too is told apart for them, as `...Taken`."""
    schemas = document["components"]["schemas"]
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    answered = _reached([operation["responses"] for operation in operations], schemas)
    taken = _reached([operation.get("requestBody") for operation in operations], schemas)
    numeric = {
        name for name in taken if _has_numbers([schemas[each] for each in {name, *_reached(schemas[name], schemas)}])
    }
    names = {name: f"{name}Taken" if name in answered else name for name in numeric}
    schemas |= {names[name]: _widened(schemas[name], names) for name in sorted(numeric)}
    for operation in operations:
        if "requestBody" in operation:
            operation["requestBody"] = _widened(operation["requestBody"], names)


def _widened(part: Any, names: Mapping[str, str]) -> Any:
    """A copy of a part of the document that takes numbers and refers to what does."""
    if isinstance(part, list):
        return [_widened(each, names) for each in part]
    if not isinstance(part, dict):
        return part
    copy = {name: _widened(each, names) for name, each in part.items()}
    if copy.get("format") == DECIMAL:
        copy["type"] = ["string", "number"]
    elif isinstance(name := copy.get("$ref"), str):
        name = name.removeprefix(_PLACE)
        copy["$ref"] = _PLACE + names.get(name, name)
    return copy


def _reached(part: Any, schemas: Mapping[str, Any]) -> set[str]:
    """The names of all schemas that a part of the document leads to."""
    found: set[str] = set()
    ahead = [part]
    while ahead:
        names = {each["$ref"].removeprefix(_PLACE) for each in _objects(ahead.pop()) if "$ref" in each} - found
        found |= names
        ahead.extend(schemas[name] for name in names)
    return found


def _has_numbers(part: Any) -> bool:
    return any(each.get("format") == DECIMAL for each in _objects(part))


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(each)
