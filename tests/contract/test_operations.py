"""The contract: what any input gets as an answer is what the document says; none is a 5xx, none passes unidentified.

Half of the cases fit the document and half do not; the document's own examples are sent before them. CASES=1000 in the
environment makes the long run of it.
"""

import asyncio
import os
import warnings
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from api.app import SECURITY_HEADERS
from services.domain.credentials import Role
from tests.contract.documents import closed
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNIDENTIFIED_EVERY = 5
"""One of so many cases is asked without a valid key as well: whose key it is is judged before anything is read."""
CASES = int(os.environ.get("CASES", "100"))
ENDLESS = {"/api/events"}
"""Streams answer for ever; tests/access/test_streams.py reads them."""
UNTOLD = {
    *("date", "content-type", "content-length", "transfer-encoding", "cache-control", "x-request-id"),
    *(name.lower() for name in SECURITY_HEADERS),
}
"""Headers that every answer may have; the document tells of the others."""


def headers_are_told(_: Any, response: Any, case: Any) -> None:
    """No header comes that the document does not tell of at that status."""
    answer = case.operation.responses.find_by_status_code(response.status_code)
    if answer is not None:
        unexpected = response.headers.keys() - UNTOLD - {name.lower() for name, _ in answer.headers.items()}
        assert not unexpected, f"{response.status_code} has {unexpected}"


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    headers_are_told,
    checks.negative_data_rejection,
]
TEXT_CHECKS = [check for check in CHECKS if check is not checks.negative_data_rejection]
"""Whatever is sent as text is text, so none of it breaks the schema."""
SETTINGS = settings(
    max_examples=CASES // 2,
    database=None,
    deadline=None,
    derandomize=CASES == 100,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest_asyncio.fixture(loop_scope="module")
async def key(services, someone):
    """An admin's key that reaches everything, with an id that random ids do not meet."""
    admin = await someone(Role.ADMIN)
    async with services.pool.connection() as connection:
        await connection.execute("ALTER TABLE api_keys ALTER id RESTART WITH 500000")
    return (await admin.key("read", "trade", "admin"))["key"]


def checks_of(case: Any) -> list[Any]:
    """What an answer to the case has to keep."""
    return TEXT_CHECKS if (case.media_type or "").startswith("text/") else CHECKS


async def test_any_input_is_answered_as_the_document_says(api, key):
    document = closed(described())
    told, sent = await asyncio.to_thread(_try_everything, document, api.url, key)
    assert not told, "\n\n".join(f"{label}\n{text}" for label, text in told.items())
    assert (await api.http.get("/health/live")).status_code == 200
    fewest = min(sent, key=lambda label: sum(sent[label].values()))
    assert sum(sent[fewest].values()) >= CASES, (fewest, sent[fewest])
    misfits = {label for label, modes in sent.items() if modes[GenerationMode.NEGATIVE]}
    takes_input = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path not in ENDLESS and (operation.get("parameters") or "requestBody" in operation)
    }
    assert misfits >= takes_input, takes_input - misfits


def _try_everything(
    document: dict[str, Any], url: str, key: str
) -> tuple[dict[str, str], dict[str, dict[GenerationMode, int]]]:
    """What went wrong and how many cases of either kind were sent, both by operation."""
    wrong: dict[str, str] = {}
    sent: dict[str, dict[GenerationMode, int]] = {}
    with requests.Session() as session:
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = result.ok()
            if operation.path in ENDLESS:
                continue
            sent[operation.label] = dict.fromkeys(GenerationMode, 0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    _try_operation(operation, url, key, session, sent[operation.label])
                except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - all operations are told of at once
                    wrong[operation.label] = "\n".join([str(error), *map(str, getattr(error, "exceptions", ()))])
    return wrong, sent


def _try_operation(
    operation: Any, url: str, key: str, session: requests.Session, sent: dict[GenerationMode, int]
) -> None:
    refused = _never_enough(operation, key)
    numbers = count()

    def send(case: Any, *, fits: bool = True) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        response = case.call(base_url=url, session=session, headers=headers, timeout=60)
        case.validate_response(response, checks=checks_of(case))
        if fits and next(numbers) % UNIDENTIFIED_EVERY == 0:
            for credential in refused:
                answer = case.call(base_url=url, session=session, headers=credential, timeout=60)
                assert answer.status_code == 401, f"{credential} passes: {answer.status_code}"

    def counted(mode: GenerationMode) -> Callable[[Any], None]:
        def one(case: Any) -> None:
            sent[mode] += 1
            send(case, fits=mode is GenerationMode.POSITIVE)  # a path that does not fit is none of ours: 404 to anybody

        return one

    def some(mode: GenerationMode) -> None:
        _each(operation.as_strategy(generation_mode=mode), counted(mode), SETTINGS)

    for strategy in operation.get_strategies_from_examples():
        _each(strategy, send, settings(SETTINGS, max_examples=1))
    if operation.definition.raw.keys() & {"parameters", "requestBody"}:
        some(GenerationMode.NEGATIVE)
    while sum(sent.values()) < CASES:  # of few inputs the same ones, to a server that has moved on
        some(GenerationMode.POSITIVE)


def _never_enough(operation: Any, key: str) -> list[dict[str, str]]:
    """Credentials that must not do: none, where one is needed; one that does not hold, everywhere but at a probe."""
    security = operation.definition.raw["security"]
    nothing, broken = {"Authorization": ""}, {"Authorization": f"Bearer {key[:-1]}"}
    needed = security != [] and {} not in security
    return [*([nothing] if needed else []), *([broken] if operation.path.startswith("/api") else [])]


def _each(strategy: Any, send: Callable[[Any], None], run: settings) -> None:
    @run
    @given(case=strategy)
    def try_one(case: Any) -> None:
        send(case)

    try_one()
