"""What docs/migrating.md sends people to is there: the calls of its second column, with the parameters it names."""

import json
import re
from pathlib import Path

import pytest

from api.contract import document

PAGE = Path(__file__).parents[2] / "docs/migrating.md"
PATHS = json.loads(document())["paths"]
UNDOCUMENTED = {"/metrics"}
"""For Prometheus: no part of the contract."""
CALL = re.compile(
    r"`(?P<methods>(?:GET|POST|PUT|PATCH|DELETE)(?:`, `(?:PUT|DELETE))*) (?P<path>[^`?]*)\??(?P<query>[^`]*)`"
)


def _calls() -> list[tuple[str, str, str]]:
    """(method, path, query) of every call in a second column."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("|")]
    return [
        (method, call["path"] if call["path"].startswith("/") else f"/api/{call['path']}", call["query"])
        for row in rows
        for call in CALL.finditer(row[2])
        for method in re.findall("[A-Z]+", call["methods"])
    ]


CALLS = _calls()


def test_the_page_names_calls():
    assert len(CALLS) > 30
    assert ("PUT", "/api/system/halts/fleet/", "") in CALLS


@pytest.mark.parametrize(("method", "path", "query"), CALLS)
def test_a_call_is_there(method, path, query):
    if path in UNDOCUMENTED:
        return
    found = [
        operations[method.lower()]
        for known, operations in PATHS.items()
        if method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path.rstrip("/"))
    ]
    assert found, f"the document has no {method} {path}"
    names = {parameter["name"] for parameter in found[0].get("parameters", ())}
    assert set(re.findall(r"(\w+)=", query)) <= names
