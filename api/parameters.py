"""Query and path parameters that several resources share, and the checks their types cannot express."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from litestar.params import HeaderParameter, QueryParameter

from services.domain.errors import InvalidInput, NotFound

LIMIT_MAX = 200
_ID_MAX = 2**63 - 1
_TEXT_MAX = 80
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER_MAX = Decimal("1e15")

Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="How many results a page may have.")]
Cursor = Annotated[str | None, QueryParameter(max_length=400, description="`next` of the page before.")]
AccountId = Annotated[
    int | None, QueryParameter(description="Of this account only; if absent, of all that are the caller's own.")
]
OneAccountId = Annotated[
    int | None, QueryParameter(description="The account; if absent, the first of the caller's own, and never several.")
]
Since = Annotated[
    str | None, QueryParameter(name="from", description="Created at or after: a time, or a date's midnight in UTC.")
]
Until = Annotated[
    str | None, QueryParameter(name="to", description="Created before: a time, or a date's midnight in UTC.")
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=255,
        required=False,
        description="A key of the caller's choice: repeated with the same body, the request is done only once.",
    ),
]
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", required=False, description="The trade's `version` as last read.")
]

E = TypeVar("E", bound=StrEnum)


def existing(id_: int, what: str) -> int:
    """`id_`, if it can be an id at all. Raises NotFound."""
    if not 0 < id_ <= _ID_MAX:
        raise NotFound(f"no_such_{what}", f"there is no {what} {id_}", field="id")
    return id_


def text(value: str | None, field: str) -> str | None:
    """`value`, if it is a short printable text. Raises InvalidInput."""
    if value is not None and not (0 < len(value) <= _TEXT_MAX and value.isprintable()):
        raise InvalidInput("bad_text", f"{field} must be 1 to {_TEXT_MAX} printable characters", field=field)
    return value


def choices(values: Iterable[str], kind: type[E], field: str) -> frozenset[E]:
    """The members that `values` name, each of which may be a comma-separated list. Raises InvalidInput."""
    names = [name for value in values for name in value.split(",") if name]
    try:
        return frozenset(kind(name) for name in names)
    except ValueError:
        allowed = ", ".join(kind)
        raise InvalidInput("unknown_choice", f"{field} must be of {allowed}", field=field) from None


def moment(text_: str | None, field: str) -> datetime | None:
    """The time in UTC that `text_` spells; a plain date is its midnight in UTC.

    Raises InvalidInput for anything else, for a time without offset, or one beyond the calendar.
    """
    if text_ is None:
        return None
    if _DATE.fullmatch(text_):
        text_ += "T00:00:00Z"
    try:
        value = msgspec.convert(text_, datetime)
    except msgspec.ValidationError:
        raise InvalidInput(
            "bad_time", f"{field} must be a date (2026-07-01) or a time (2026-07-01T12:00:00Z)", field=field
        ) from None
    if value.tzinfo is None:
        raise InvalidInput("no_time_zone", f"{field} must have an offset, such as 2026-07-01T12:00:00Z", field=field)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidInput("bad_time", f"{field} lies outside the calendar", field=field) from None


def day(text_: str | None, field: str) -> date | None:
    """The UTC day that `text_` spells, as a date or as its midnight. Raises InvalidInput for anything else."""
    value = moment(text_, field)
    if value is None:
        return None
    if value.timetz() != time(tzinfo=UTC):
        raise InvalidInput("not_a_day", f"{field} must be a whole UTC day, such as 2026-07-01", field=field)
    return value.date()


def positive(value: Decimal | None, field: str) -> Decimal | None:
    """`value`, if it is a positive, finite number of sane size. Raises InvalidInput."""
    if value is not None and not (value.is_finite() and 0 < value < _NUMBER_MAX):
        raise InvalidInput("not_a_positive_number", f"{field} must be a positive, finite number", field=field)
    return value


def checked_key(key: str | None) -> str | None:
    """An Idempotency-Key that can be kept. Raises InvalidInput."""
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidInput(
            "bad_idempotency_key",
            "Idempotency-Key must be 1 to 255 printable ASCII characters",
            field="Idempotency-Key",
        )
    return key


def etag(version: int) -> dict[str, str]:
    """The header that tells a trade's version, for If-Match."""
    return {"ETag": f'"{version}"'}


def version_of(if_match: str | None) -> int | None:
    """The version that an If-Match header names; None for `*` and for none at all. Raises InvalidInput."""
    if if_match is None or if_match == "*":
        return None
    match = re.fullmatch(r'"?([0-9]{1,9})"?', if_match)
    if match is None:
        raise InvalidInput("bad_version", "If-Match must be the trade's version", field="If-Match")
    return int(match[1])
