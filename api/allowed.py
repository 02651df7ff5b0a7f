"""What may stand at a place of a body or in a parameter that takes one of several words."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

_INVALID = "Invalid enum value"
_STEP = re.compile(r"[A-Za-z_]\w*|\[")


def with_allowed(message: str, kind: Any, path: str = "") -> str:
    """msgspec's `message` about what does not fit at `path` (rules[0].events[1]) of a type, with the words that do."""
    if not message.startswith(_INVALID):
        return message
    places = [inspect.type_info(kind)]
    for step in _STEP.findall(path):
        places = [inner for place in _choices(places) for inner in _inside(place, step)]
    words = [
        str(member.value) for each in _choices(places) if isinstance(each, inspect.EnumType) for member in each.cls
    ]
    return f"{message}; it must be one of {', '.join(words)}" if words else message


def _choices(places: list[inspect.Type]) -> Iterator[inspect.Type]:
    for place in places:
        yield from place.types if isinstance(place, inspect.UnionType) else (place,)


def _inside(place: inspect.Type, step: str) -> Iterator[inspect.Type]:
    if isinstance(place, inspect.StructType):
        yield from (field.type for field in place.fields if field.encode_name == step)
    elif isinstance(place, (inspect.CollectionType, inspect.VarTupleType)) and step == "[":
        yield place.item_type
    elif isinstance(place, inspect.DictType) and step == "[":
        yield place.value_type
