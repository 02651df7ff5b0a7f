"""Every operation of the OpenAPI document is reached by a method of the client, with all that it takes."""

import json
import re
from typing import Any, Literal, Unpack, get_args, get_origin, get_type_hints

import msgspec
import pytest

from api.contract import document
from api.examples.filler import filled
from paperfleet.client.answers.trade import Trade
from paperfleet.client.calls import Call
from paperfleet.client.modes import listing, operation, streaming
from paperfleet.client.parts import Parts

DOCUMENT = json.loads(document())
METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = {
    f"{method.upper()} {path}": told
    for path, operations in DOCUMENT["paths"].items()
    for method, told in operations.items()
    if method in METHODS
}
_BROWSER = "it sets or ends the cookie of a person's browser; programs show keys"
_PROBE = "an orchestrator asks it, and reads nothing but the status"
BESIDE = {
    "GET /api/events": "it has no one answer: client.events() follows it, by all its parameters (test_stream.py)",
    "POST /api/session": _BROWSER,
    "DELETE /api/session": _BROWSER,
    "DELETE /api/session/all": _BROWSER,
    "POST /api/session/invitation": _BROWSER,
    "POST /api/session/password": _BROWSER,
    "GET /health/live": _PROBE,
    "GET /health/ready": _PROBE,
}
"""Operations that no method describes, and why."""
WITHOUT = {
    ("POST /api/paper-trades/{trade_id}/cancel_trade", "If-Match"): "a trade is cancelled however it was edited",
    ("POST /api/signals/validate", "Idempotency-Key"): "what is stored nowhere has no need to be known again",
}
"""Parameters that no method takes, and why; `cursor` is none, for lists go over their pages by themselves."""


class Recorder:
    """Takes descriptions of requests in a client's place."""

    def send(self, call):
        return call

    pages = lines = send


class Method(msgspec.Struct):
    """A method of the client, the request that it describes when it is given all that it takes, and its operation."""

    name: str
    call: Call[Any]
    operation: str


def _value(kind: Any) -> Any:
    """Some value that a parameter of this type takes."""
    if kind is Any:
        return {"text": "text"}
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    choices = [each for each in get_args(kind) if each is not type(None)]
    if Trade in choices:
        told = filled({"$ref": "#/components/schemas/LiveTradeView"}, DOCUMENT)
        return msgspec.json.decode(json.dumps(told), type=Trade)
    if choices:
        is_many = get_origin(kind) is not None and hasattr(get_origin(kind), "__iter__")
        return [_value(choices[0])] if is_many else _value(choices[0])
    return {int: 7, bool: True, bytes: b"text"}.get(kind, "text")


def _arguments(describe: Any) -> dict[str, Any]:
    """A value for every parameter, and for every field of a wish."""
    found: dict[str, Any] = {}
    for name, kind in get_type_hints(describe).items():
        if get_origin(kind) is Unpack:
            found |= {key: _value(each) for key, each in get_type_hints(get_args(kind)[0]).items()}
        elif name != "return":
            found[name] = _value(kind)
    return found


def _operation(call: Call[Any]) -> str:
    """The operation of the document that a request goes to; of several templates the one with fewest parameters."""
    path = "/" + call.path.strip("/")
    fitting = [
        name
        for name in OPERATIONS
        if name.startswith(f"{call.method} ")
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name.split(" ")[1].replace(".", r"\.")), path)
    ]
    assert fitting, f"the API has no {call.method} {path}"
    return min(fitting, key=lambda name: name.count("{"))


def _methods() -> list[Method]:
    found = []
    for part, resource in vars(Parts(Recorder())).items():
        described = {name for kind in type(resource).__mro__ for name, each in vars(kind).items() if _is_method(each)}
        for name in sorted(described):
            method = getattr(resource, name)
            call = method(**_arguments(method.__wrapped__))
            found.append(Method(f"{part}.{name}", call, _operation(call)))
    return found


def _is_method(member: Any) -> bool:
    return isinstance(member, (operation, listing, streaming))


FOUND = _methods()
WITH_ANSWER = [each for each in FOUND if "export" not in each.operation]
each_method = pytest.mark.parametrize("method", FOUND, ids=lambda method: method.name)


def test_every_operation_has_one_method():
    reached = [each.operation for each in FOUND]
    assert sorted(OPERATIONS.keys() - set(reached)) == sorted(BESIDE), "operations that no method reaches"
    assert len(reached) == len(set(reached)), "operations that several methods reach"
    assert all(len(reason.split()) > 5 for reason in (*BESIDE.values(), *WITHOUT.values()))


@each_method
def test_a_method_takes_all_that_its_operation_takes(method):
    told = OPERATIONS[method.operation]
    wanted = {(each["in"], each["name"]) for each in told.get("parameters", ()) if each["in"] != "path"}
    wanted -= {("query", "cursor")} | {("header", name) for where, name in WITHOUT if where == method.operation}
    taken = {("query", name) for name in method.call.query} | {("header", name) for name in method.call.headers}
    assert taken - {("header", "Content-Type")} == wanted


@each_method
def test_a_method_sends_all_fields_of_a_body(method):
    content = OPERATIONS[method.operation].get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        assert method.call.content in (None, b"text", b'{"text":"text"}'), "a file, or nothing"
        return
    (schema,) = content["schema"]["allOf"]
    fields = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
    assert json.loads(method.call.content).keys() == fields.keys()
    assert method.call.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", WITH_ANSWER, ids=lambda method: method.name)
def test_a_method_reads_what_its_operation_answers(method):
    """Every documented answer of success, by the example that is made of its schema."""
    for status, response in OPERATIONS[method.operation]["responses"].items():
        if status.startswith("2"):
            content = response.get("content", {}).get("application/json")
            named = [] if content is None else [each["value"] for each in content.get("examples", {}).values()]
            for shown in named or [content and content["example"]]:
                answer = method.call.read(int(status), b"" if content is None else json.dumps(shown).encode())
                assert (answer is None) == (content is None)


def test_what_creates_is_known_again_and_what_reads_may_be_repeated():
    for method in FOUND:
        keyed = any(each["name"] == "Idempotency-Key" for each in OPERATIONS[method.operation].get("parameters", ()))
        if keyed or method.call.method in ("GET", "PUT", "DELETE"):
            assert method.call.repeatable, method.name
