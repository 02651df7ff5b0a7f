"""Every operation with an id is asked about things that are there: what was made is found, what was deleted is not.

CASES=1000 in the environment makes the long run of it, as of tests/contract/test_operations.py.
"""

import asyncio
import warnings
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode

from services.domain.credentials import Role
from services.domain.market import Market
from tests.contract.documents import closed
from tests.contract.test_operations import CASES, SETTINGS, checks_of
from tests.contract.things import Things
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="module")

WANTED = CASES if CASES > 100 else 1
"""How often each operation has to be asked at least; one without any input beside the id makes one case only."""
OF_THINGS = settings(SETTINGS, max_examples=10 if CASES == 100 else CASES // 2)
"""Few in the short run: any input is tried by tests/contract/test_operations.py, here what it is about is there."""
SELDOM_THERE = {"what", "letter", "key"}
"""Things that are there only in trouble."""


async def test_things_that_were_made_are_there_until_they_are_deleted(services, api, someone):
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    loop = asyncio.get_running_loop()

    async def fresh_key() -> str:
        return (await (await someone(Role.ADMIN)).key("read", "trade", "admin"))["key"]

    document = closed(described())

    def run() -> tuple[Counter[str], dict[str, str]]:
        things = Things(document, api.url, price, lambda: asyncio.run_coroutine_threadsafe(fresh_key(), loop).result())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _try_all(document, things)

    reached, wrong = await asyncio.to_thread(run)
    assert not wrong, "\n\n".join(f"{label}\n{text}" for label, text in wrong.items())
    expected = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if "{" in path and not any("{" + name + "}" in path for name in SELDOM_THERE)
    }
    seldom = {label: reached[label] for label in expected if reached[label] < WANTED}
    assert not seldom, f"asked less than {WANTED} times: {seldom}"
    assert len(expected) > 40
    assert (await api.http.get("/health/live")).status_code == 200


def _try_all(document: dict[str, Any], things: Things) -> tuple[Counter[str], dict[str, str]]:
    """How often each operation was asked about things that are there, and what went wrong, both by operation."""
    reached: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        if "{" not in operation.path or things.ids(operation.path) is None:
            continue
        try:
            _try_operation(operation, document, things, reached)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all operations are told of at once
            wrong[operation.label] = "\n".join([str(error), *map(str, getattr(error, "exceptions", ()))])
    return reached, wrong


def _try_operation(operation: Any, document: dict[str, Any], things: Things, reached: Counter[str]) -> None:
    raw = operation.definition.raw
    absent = raw["responses"]["404"]["content"]["application/problem+json"]["example"]["code"]

    def send(case: Any) -> None:
        ids = things.ids(operation.path)
        case.path_parameters = ids
        answer = case.call(base_url=things.url, session=things.session, headers=things.headers(), timeout=60)
        case.validate_response(answer, checks=checks_of(case))
        if answer.status_code == 401 or (answer.status_code == 403 and answer.json()["code"] == "admins_only"):
            things.renew()  # a case has ended the key, locked its owner out, or made them no admin
            return
        gone = answer.status_code == 404 and answer.json()["code"] == absent and absent.startswith("no_such_")
        assert not gone, f"{answer.request.method} {answer.request.url} does not find what was just made"
        reached[operation.label] += 1
        if operation.method == "delete":
            _is_gone(operation.path.format(**ids), operation.path, document, things)
            things.forget(operation.path)

    places = {each["name"] for each in raw.get("parameters", ()) if each["in"] != "path"}
    has_input = places or "requestBody" in raw
    for mode in GenerationMode if has_input else [GenerationMode.POSITIVE]:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=things.ids(operation.path))

        @OF_THINGS
        @given(case=strategy)
        def try_one(case: Any) -> None:
            send(case)

        try_one()
    while reached[operation.label] < WANTED:
        send(operation.Case(path_parameters={}))


def _is_gone(url: str, path: str, document: dict[str, Any], things: Things) -> None:
    """Nothing that is asked of a deleted thing, or of what lies below it, is done; only deleting it may be repeated."""
    for below, operations in document["paths"].items():
        if not below.startswith(path):
            continue
        for method in operations.keys() - {"delete"}:
            answer = things.ask(method.upper(), url + below.removeprefix(path), things.fitting(method, below))
            ended = method == "post" and below.endswith("/rotate")  # a revoked key stays listed as ended
            assert answer.status_code == 404 or (ended and answer.status_code == 409), (method, below, answer.text)
