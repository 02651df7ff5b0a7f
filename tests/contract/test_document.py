"""The OpenAPI document itself: complete, sound, and the one that is committed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.contract import COPY, document, legible

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads(document())
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def contents(answers: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Status, media type and content of every answer."""
    for status, answer in answers.items():
        for media_type, content in answer.get("content", {}).items():
            yield status, media_type, content


def examples(content: dict[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [each["value"] for each in content.get("examples", {}).values()] or content["schema"].get("examples", [])


def faults(content: dict[str, Any]) -> list[str]:
    """Where examples break their own schema; an answer's also where it tells what is not documented."""
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(
        {**content["schema"], "components": DOCUMENT["components"]}, format_checker=checker
    )
    return [f"{error.json_path} {error.message}" for each in examples(content) for error in validator.iter_errors(each)]


def reached(schema: Any, seen: set[str]) -> set[str]:
    """The names of all schemas that one leads to."""
    if isinstance(schema, dict):
        _, _, name = schema.get("$ref", "").partition("#/components/schemas/")
        if name and name not in seen:
            seen.add(name)
            reached(SCHEMAS[name], seen)
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        reached(part, seen)
    return seen


def test_exact_numbers_are_told_as_strings_and_taken_as_numbers_too():
    taken, told = set(), set()
    for operation in OPERATIONS.values():
        reached(operation.get("requestBody"), taken)
        reached(operation["responses"], told)
    types = {name: {str(each) for each in number_types(SCHEMAS[name])} for name in SCHEMAS}
    assert set().union(*(types[name] for name in taken)) == {"['string', 'number']"}
    assert set().union(*(types[name] for name in told)) == {"string"}


def number_types(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict) and schema.get("format") == "decimal":
        yield schema["type"]
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from number_types(part)


def test_a_parameter_that_is_not_sent_is_not_null():
    parameters = [each for operation in OPERATIONS.values() for each in operation.get("parameters", ())]
    assert parameters
    assert not [each["name"] for each in parameters if "null" in json.dumps(each["schema"])]


@pytest.mark.parametrize("label", OPERATIONS)
def test_an_operation_tells_what_it_takes_and_shows_what_it_answers(label):
    operation = OPERATIONS[label]
    unsaid = [each["name"] for each in operation.get("parameters", ()) if not each.get("description")]
    assert not unsaid, "parameters without a description"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        assert examples(content), f"an example of its {media_type} body"
        assert not faults(content)
    for status, media_type, content in contents(operation["responses"]):
        shown = examples(content)
        assert shown, f"an example of {status} {media_type}"
        assert not faults(content), f"{status} {media_type}"
        if status < "300":
            assert shown != [{}], f"{status} is empty"
        elif media_type == "application/problem+json":
            assert shown[0]["status"] == int(status)
    for status in {"404", "409", "422"} & operation["responses"].keys():
        assert operation["responses"][status]["content"]["application/problem+json"]["example"]["code"]


def test_refusals_are_those_of_the_resource_and_of_the_code():
    sources = [path.read_text() for part in ("services", "api") for path in (ROOT / part).rglob("*.py")]
    said = "\n".join(text for text in sources if "Examples of what is refused" not in text)
    shown = {
        (label, status): content["example"]["code"]
        for label, operation in OPERATIONS.items()
        for status, media_type, content in contents(operation["responses"])
        if media_type == "application/problem+json"
    }
    assert shown["get /api/accounts/{account_id}", "404"] == "no_such_account"
    assert shown["delete /api/keys/{key_id}", "404"] == "no_such_key"
    unknown = {
        code
        for code in shown.values()
        if f'"{code}"' not in said and not (code.startswith("no_such_") and f'"{code[8:]}"' in said)
    }
    assert unknown <= {"request_entity_too_large"}, "codes that nothing answers"  # made of the status by its phrase


def test_bodies_take_no_field_that_is_not_documented():
    named = reached([operation.get("requestBody", {}) for operation in OPERATIONS.values()], set())
    assert {"NewTrade", "TargetTaken", "FeeRatesTaken"} <= named
    open_ = {
        name for name in named if "properties" in SCHEMAS[name] and SCHEMAS[name].get("additionalProperties", True)
    }
    assert not open_, "structs without forbid_unknown_fields"


def test_only_reading_does_without_a_credential():
    free = {label for label, operation in OPERATIONS.items() if {} in operation["security"]}
    assert "get /api/paper-trades" in free
    assert {label.split()[0] for label in free} == {"get"}
    assert OPERATIONS["post /api/paper-trades"]["security"] == [{"key": []}, {"session": []}]


def test_answers_tell_their_headers():
    told = {
        (label, status): set(answer.get("headers", ()))
        for label, operation in OPERATIONS.items()
        for status, answer in operation["responses"].items()
    }
    limits = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
    assert told["get /api/prices", "200"] == limits
    assert told["get /api/paper-trades/{trade_id}", "200"] == limits | {"ETag"}
    assert told["post /api/paper-trades", "201"] == told["post /api/paper-trades", "200"] == limits | {"ETag"}
    assert told["post /api/paper-trades/preview", "200"] == limits, "what is not stored has no version"
    assert told["get /api/paper-trades/export.csv", "200"] == limits | {"Content-Disposition"}
    assert told["post /api/session", "200"] == limits | {"Set-Cookie"}
    refused = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"} | limits, "503": {"Retry-After"}}
    for (label, status), names in told.items():
        if not label.split()[1].startswith("/api"):
            assert not names, (label, status)
        elif status >= "300":
            assert names == refused.get(status, set()), (label, status)
        else:
            assert names >= limits, (label, status)


def test_everything_with_an_id_is_linked_to_what_names_it():
    linked = {
        name
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for name in answer.get("links", {})
    }
    with_id = {operation["operationId"] for label, operation in OPERATIONS.items() if re.search(r"\{", label)}
    assert linked == with_id
    target = OPERATIONS["post /api/accounts/{account_id}/links"]["responses"]["201"]["links"]
    assert target["ApiAccountsAccountIdLinksLinkIdRevoke"]["parameters"] == {
        "account_id": "$request.path.account_id",
        "link_id": "$response.body#/id",
    }


def test_the_committed_document_is_this_one():
    assert COPY.read_text(encoding="utf-8") == legible(document()), "run `make openapi` and look at what has changed"
