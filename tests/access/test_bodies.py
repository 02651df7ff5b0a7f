"""No body takes a field that it does not know, however deep it lies: nothing that was misspelt is passed over."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.examples.filler import filled
from services.domain.credentials import Role
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="package")

UNHEARD = "unheard_of"


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
            for where, body in _misspelt(filled({"properties": fields}, document)):
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
