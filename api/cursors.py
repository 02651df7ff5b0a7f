"""Opaque list cursors: where the next page starts, as text that callers hand back untouched."""

import base64
import binascii
import re
from typing import TypeVar

import msgspec

from services.domain.errors import InvalidInput

T = TypeVar("T")

LENGTH_MAX = 400
_FOREIGN = re.compile(rb"\\|[0-9]{19}")
"""What no key of ours contains: escapes (control characters, NUL), numbers that the database has no room for."""


def encode(key: object | None) -> str | None:
    """The cursor of a key; None at the end of a list."""
    return None if key is None else base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode(cursor: str | None, type_: type[T]) -> T | None:
    """The key of a cursor. Raises InvalidInput for what no list of this kind has handed out."""
    if cursor is None:
        return None
    try:
        if len(cursor) > LENGTH_MAX:
            raise ValueError("too long")
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        if _FOREIGN.search(text):
            raise ValueError("nothing of ours")
        return msgspec.json.decode(text, type=type_)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise InvalidInput("bad_cursor", "this is no cursor of this list", field="cursor") from error
