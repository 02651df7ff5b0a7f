"""The contract in chains of calls: what one answer names the next call uses; methods that no path has; streams.

CASES=1000 in the environment makes the long run of it, as of tests/contract/test_operations.py.
"""

import asyncio
import contextlib
import re
import warnings
from collections import Counter
from itertools import count

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from services.domain.credentials import Role
from services.domain.market import Market
from tests.contract.documents import closed, families
from tests.contract.test_operations import CASES, CHECKS, ENDLESS
from tests.contract.things import Things
from tests.described import described

pytestmark = pytest.mark.asyncio(loop_scope="module")

STEPS = 6
EACH = 10 if CASES == 100 else CASES
"""How often each operation is called in chains, at least; alone it is CASES times."""
CHAINS_A_USER = 5
"""Who has made as much as a user may have makes nothing that a chain could go on with."""
FAMILIES = families(closed(described()))
OUR_LINKS = SchemathesisConfig.from_dict({"phases": {"stateful": {"inference": {"algorithms": []}}}})
"""Links that were guessed beside the document's begin most chains with what can only be refused."""
CHAIN_CHECKS = [*CHECKS, checks.use_after_free, checks.ensure_resource_availability]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
SETTINGS = settings(
    max_examples=CASES,
    database=None,
    deadline=None,
    derandomize=CASES == 100,
    phases=[Phase.generate],
    verbosity=Verbosity.quiet,
    suppress_health_check=list(HealthCheck),
)
IN_CHAINS = settings(SETTINGS, max_examples=EACH, stateful_step_count=STEPS)


@pytest_asyncio.fixture(loop_scope="module")
async def fresh_key(someone):
    async def fresh():
        admin = await someone(Role.ADMIN)
        return (await admin.key("read", "trade", "admin"))["key"]

    return fresh


@pytest_asyncio.fixture(loop_scope="module")
async def key(fresh_key):
    return await fresh_key()


@pytest.mark.parametrize("kind", FAMILIES)
async def test_chains_of_calls_are_answered_as_the_document_says(services, api, fresh_key, kind):
    price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    loop = asyncio.get_running_loop()

    def run():
        ask_for_key = lambda: asyncio.run_coroutine_threadsafe(fresh_key(), loop).result()  # noqa: E731
        return _chains(FAMILIES[kind], Things(described(), api.url, price, ask_for_key))

    asked, wrong = await asyncio.to_thread(run)
    assert not wrong, wrong[0]
    assert min(asked.values()) >= EACH, asked
    assert (await api.http.get("/health/live")).status_code == 200


def _chains(document, things):
    """How often each operation was called, and what the document did not say.

    A server keeps state: the same chain may go another way the second time, which Hypothesis takes for our mistake
    and ends the run. Then another seed goes on. So what is wrong is noted rather than raised.
    """
    asked = Counter({f"{method.upper()} {path}": 0 for path, each in document["paths"].items() for method in each})
    wrong: list[BaseException] = []
    chains = count()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine = schemathesis.openapi.from_dict(document, config=OUR_LINKS).as_state_machine()

        class Chain(machine):
            def setup(self):
                if next(chains) % CHAINS_A_USER == 0 or not things.ask("GET", "/api/session").ok:
                    things.renew()  # chains end sessions and keys, too

            def before_call(self, case):
                operation = case.operation
                makes = any("links" in answer for answer in operation.definition.raw["responses"].values())
                if makes and operation.method == "post" and asked.total() % 4:
                    case.body = things.fitting("post", operation.path)  # what is made up at random makes little

            def get_call_kwargs(self, case):
                return {"base_url": things.url, "session": things.session, "headers": things.headers(), "timeout": 60}

            def validate_response(self, response, case, *arguments, **named):
                asked[case.operation.label] += 1
                try:
                    case.validate_response(response, checks=CHAIN_CHECKS, recorder=self.recorder)
                except (FailureGroup, Failure) as error:
                    wrong.append(error)

        for number in range(CASES):
            with contextlib.suppress(FlakyStrategyDefinition):
                seed(number)(Chain).run(settings=IN_CHAINS)
            if wrong or min(asked.values()) >= EACH:
                break
    return asked, wrong


async def test_methods_that_a_path_does_not_have_are_405(api, key):
    document = described()
    headers = {"Authorization": f"Bearer {key}"}
    asked = 0
    for path, operations in document["paths"].items():
        url = re.sub(r"\{\w+\}", "1", path)
        for method in METHODS:
            if method.lower() in operations:
                continue
            answer = await api.http.request(method, f"{url}/", headers=headers)
            assert answer.status_code == 405, (method, url, answer.text)
            assert answer.json()["code"] == "method_not_allowed", (method, url)
            allowed = {each.strip() for each in answer.headers["allow"].split(",")}
            assert {each.upper() for each in operations} <= allowed, (method, url, allowed)
            asked += 1
    assert asked > 5 * len(document["paths"])


async def test_a_stream_with_any_input_begins_or_is_refused(api, key):
    document = described()
    begun = await asyncio.to_thread(_streams, document, api.url, key)
    assert begun >= 1
    for path in ENDLESS:
        answer = await api.http.get(path, headers={"Authorization": f"Bearer {key[:-1]}"})
        assert answer.status_code == 401


def _streams(document, url, key):
    """How many streams began; each is left after its first bytes."""
    begun = 0
    schema = schemathesis.openapi.from_dict(document)
    with httpx.Client(base_url=url, timeout=10) as http:
        for path in ENDLESS:
            operation = schema[path]["get"]

            @SETTINGS
            @given(case=operation.as_strategy())
            def try_one(case):
                nonlocal begun
                sent = case.as_transport_kwargs(base_url=url)
                headers = {
                    name: value for name, value in dict(sent["headers"]).items() if name.lower() == "last-event-id"
                }
                with http.stream(
                    "GET",
                    sent["url"],
                    params=sent.get("params"),
                    headers={**headers, "Authorization": f"Bearer {key}"},
                ) as answer:
                    assert str(answer.status_code) in case.operation.definition.raw["responses"], answer.status_code
                    assert answer.status_code < 500 or answer.status_code == 503
                    if answer.status_code == 200:
                        assert answer.headers["content-type"].startswith("text/event-stream")
                        assert b"retry: 1000" in next(answer.iter_raw())
                        begun += 1
                    else:
                        assert answer.headers["content-type"] == "application/problem+json"

            try_one()
    return begun
