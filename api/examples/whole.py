"""Examples that keep what is null: the framework leaves that out of the dictionaries of its document."""

from typing import Any

import msgspec
from litestar.openapi.spec import Example


def whole(value: Any) -> msgspec.Raw:
    """The value as the JSON that it is sent as."""
    return msgspec.Raw(msgspec.json.encode(value))


def shown(summary: str, value: Any) -> Example:
    """An example of a body or an answer."""
    return Example(summary=summary, value=whole(value))
