"""The bodies of alerts: JSON objects, or `key=value` text, as one flat table of named values."""

import re
from decimal import Decimal
from typing import Any

import msgspec

from services.domain.errors import InvalidInput
from services.domain.malformed import MALFORMED

FIELDS_MAX = 200
Fields = dict[str, Any]
"""By name in lower case: text, Decimal, int, bool, or what was nested under a name that keeps its parts."""

KEPT_WHOLE = frozenset({"stop_loss", "take_profit", "take_profits", "sl", "tp", "targets", "trailing"})
"""Names whose parts belong together; everything else that is nested is laid flat."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_ASSIGNMENT = re.compile(
    r"""\s*(?P<key>[A-Za-z_][\w.\-]{0,59})\s*=\s*(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s,;&"']+))\s*[,;&]?"""
)
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")


def read_body(body: bytes) -> Fields:
    """What a body says. Raises InvalidInput with the rule it breaks as code."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("not_text", f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    text = text.strip()
    if not text:
        raise InvalidInput("empty_body", "the body is empty")
    if "\x00" in text:
        raise InvalidInput("not_text", "the body contains a NUL character")
    left = _PLACEHOLDER.search(text)
    if left:
        raise InvalidInput("placeholder_left", f"the placeholder {left[0][:60]} was sent as it is, not filled in")
    fields = _json(text) if text[0] in '{["' else _assignments(text)
    if len(fields) > FIELDS_MAX:
        raise InvalidInput("too_many_fields", f"at most {FIELDS_MAX} fields, got {len(fields)}")
    return fields


def _json(text: str) -> Fields:
    try:
        told = _decode(text)
    except MALFORMED as error:
        raise InvalidInput("malformed_json", f"the body is not valid JSON: {error}"[:300]) from None
    if not isinstance(told, dict):
        raise InvalidInput("not_an_object", "the body must be one JSON object")
    fields: Fields = {}
    _flatten(told, fields, depth=0)
    return fields


def _flatten(told: dict[str, Any], fields: Fields, depth: int) -> None:
    """Inner names do not hide outer ones."""
    nested = []
    for key, value in told.items():
        name = key.strip().lower().replace("-", "_").replace(" ", "_")
        if isinstance(value, dict) and name not in KEPT_WHOLE:
            nested.append(value)
        elif value is not None and value != "":
            fields.setdefault(name, value)
    if nested and depth == 4:
        raise InvalidInput("nested_too_deep", "the body is nested too deep")
    for value in nested:
        _flatten(value, fields, depth + 1)


def _assignments(text: str) -> Fields:
    fields: Fields = {}
    place = 0
    while place < len(text):
        match = _ASSIGNMENT.match(text, place)
        if match is None:
            rest = text[place : place + 40].strip()
            raise InvalidInput("not_key_value", f"expected key=value, or a JSON object, at {rest!r}")
        value = next(part for part in (match["quoted"], match["single"], match["bare"]) if part is not None)
        name = match["key"].lower().replace("-", "_")
        if name in fields and fields[name] != value:
            raise InvalidInput("field_twice", f"{name} is given twice", field=name)
        if value:
            fields[name] = value
        place = match.end()
    return fields
