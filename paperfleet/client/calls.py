"""A request as data: what is asked of the API and how its answer is read. Nothing here does input or output."""

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from paperfleet.client.errors import MALFORMED, BadAnswer

T = TypeVar("T")
PAGE_LIMIT = 200
"""How many results a page holds: the most that the API gives at once."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; a `next` of None ends it."""

    results: tuple[T, ...]
    next: str | None = None


class Call(Generic[T]):
    """One request.

    path        under the API's address; begins with /api/
    query       None leaves a parameter out, several values repeat it
    body        a JSON value; None sends no body
    content     in its place a file's bytes, of the type `media`
    read        makes the answer of status and body
    headers     sent beside the client's own
    repeatable  whether sending it twice does no more than sending it once
    removes     whether it takes away what it names, so that a thing not found after a lost answer is gone by it
    seconds     how long its answer may take, where that is longer than of others
    """

    def __init__(
        self,
        method: str,
        path: str,
        read: Callable[[int, bytes], T],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        media: str = "application/json",
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        removes: bool | None = None,
        seconds: float = 0.0,
    ) -> None:
        assert path.startswith("/api/"), path
        self.method = method
        self.path = path
        self.read = read
        self.query = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        self.content = content if body is None else msgspec.json.encode(body)
        self.headers = dict(headers or {}) | ({} if self.content is None else {"Content-Type": media})
        self.seconds = seconds
        self.removes = method == "DELETE" and read is nothing if removes is None else removes
        self.repeatable = repeatable or method in ("GET", "PUT", "DELETE") or "Idempotency-Key" in self.headers

    def after(self, cursor: str) -> "Call[T]":
        """The same list from `cursor` on."""
        moved = Call(self.method, self.path, self.read, query=self.query, headers=self.headers)
        moved.query["cursor"] = cursor
        return moved


class Reading(Generic[T]):
    """Reads a JSON body as `kind`; fields that it does not know are skipped."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        self._decode = msgspec.json.Decoder(kind).decode

    def __call__(self, _: int, body: bytes) -> T:
        """What the body says. Raises BadAnswer."""
        try:
            return self._decode(body)
        except MALFORMED as error:
            raise BadAnswer(f"the answer does not read as {self.kind}: {error}") from error


def reading(kind: type[T]) -> Reading[T]:
    """What reads a JSON body as `kind`."""
    return Reading(kind)


def nothing(_: int, __: bytes) -> None:
    """An answer without a body."""


def keyed(key: str | None) -> dict[str, str]:
    """The header by which a creating request may be repeated and creates once; a fresh key if none is given."""
    return {"Idempotency-Key": key or secrets.token_urlsafe(18)}


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in values.items() if value is not None}


def segment(value: int | str) -> str:
    """A part of a path."""
    return quote(str(value), safe="")


def _text(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        return [str(each) for each in value]
    if isinstance(value, datetime):
        return (value.astimezone() if value.tzinfo is None else value).isoformat()
    if isinstance(value, (date, Decimal)):
        return value.isoformat() if isinstance(value, date) else format(value, "f")
    return str(value)
