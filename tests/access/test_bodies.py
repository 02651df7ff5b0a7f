"""No body takes a field that it does not know, however deep it lies: nothing that was misspelt is passed over."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.domain.credentials import Role
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="package")

UNHEARD = "unheard_of"
TEXTS = {"date-time": "2026-07-01T12:00:00Z", "decimal": "1", "duration": "PT4H"}
ANY_TEXT = "22:00:00"
"""It is a time of day too, which the document does not tell from other texts."""

LARGER = re.compile(r"The body is larger than (\d+) (kB|MB)\.")
UNITS = {"kB": 1024, "MB": 1024**2}


def _some(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A value of the schema, with every field that there may be."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for choice in schema.get("oneOf", ()):
        if choice.get("type") != "null":
            return _some(choice, document)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: _some(each, document) for name, each in schema["properties"].items()}
    if "prefixItems" in schema:
        return [_some(each, document) for each in schema["prefixItems"]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "array" in kinds:
        return [_some(schema["items"], document)]
    if "string" in kinds:
        return TEXTS.get(schema.get("format", ""), ANY_TEXT)
    return True if "boolean" in kinds else max(1, schema.get("minimum", 1))


def _misspelt(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one field too many, at each of its objects in turn, and where that is."""
    if isinstance(value, dict):
        yield path, value | {UNHEARD: "x"}
        for name, inner in value.items():
            for where, changed in _misspelt(inner, f"{path}.{name}" if path else name):
                yield where, value | {name: changed}
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            for where, changed in _misspelt(inner, f"{path}[{number}]"):
                yield where, [*value[:number], changed, *value[number + 1 :]]


async def test_a_field_too_many_is_refused_at_every_depth(api, someone):
    admin = await someone(Role.ADMIN)
    document = described()
    tried = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            (named,) = content["schema"].get("allOf", [content["schema"]])
            fields = document["components"]["schemas"][named["$ref"].rsplit("/", 1)[1]]["properties"]
            for where, body in _misspelt(_some({"properties": fields}, document)):
                answer = await admin.http.request(method, f"{re.sub(r'{[^}]*}', '1', path)}/", json=body)
                label = (method, path, where, answer.text)
                assert answer.status_code == 422, label
                assert answer.json()["code"] == "invalid_request", label
                assert answer.json()["field"] == (f"{where}.{UNHEARD}" if where else UNHEARD), label
                tried.add((path, where))
    assert {
        ("/api/paper-trades", "take_profits[0]"),
        ("/api/paper-trades", "trailing"),
        ("/api/paper-trades/{trade_id}", "take_profits[0]"),
        ("/api/accounts/{account_id}", "spot_fees"),
        ("/api/webhooks", "rules[0]"),
    } <= tried


async def test_every_body_may_be_as_large_as_the_document_says_and_no_larger(api, someone):
    admin = await someone(Role.ADMIN)
    told = set()
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                assert "400" not in operation["responses"], (method, path)
                continue
            number, unit = LARGER.fullmatch(operation["responses"]["413"]["description"]).groups()
            size = int(number) * UNITS[unit]
            assert ("400" in operation["responses"]) == ("application/json" in operation["requestBody"]["content"])
            url = f"{re.sub(r'{[^}]*}', '1', path)}/"
            headers = {"Content-Type": "application/json"}
            told.add(size)
            if "{secret}" in path:  # who knows none is told so before the body is read; tests/signals has the rest
                continue
            for body, refused in ((b" " * min(size, 2**16), False), (b" " * (size + 1), True)):
                answer = await admin.http.request(method, url, content=body, headers=headers)
                assert (answer.status_code == 413) == refused, (method, path, len(body), answer.text)
    assert told == {16 * 1024, 64 * 1024, 50 * 1024 * 1024}
