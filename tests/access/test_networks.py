"""Whoever has a network of IPv6 addresses is counted once, whichever of them they ask from."""

import json
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

from services.coordination.attempts import ADDRESS_FAILURES_MAX
from tests.access.people import PASSWORD
from tests.api.running import serving
from tests.api.sse import streaming

pytestmark = pytest.mark.asyncio(loop_scope="package")


def told(address: str) -> dict[str, str]:
    """What the proxy tells of somebody behind it."""
    return {"X-Forwarded-For": address}


async def test_another_address_of_the_network_has_no_limit_of_its_own(services):
    with serving(msgspec.structs.replace(services.settings, rate_per_minute=20)) as api:
        async with api.http:

            async def statuses(*addresses: str) -> list[int]:
                return [(await api.http.get("/api/session/", headers=told(each))).status_code for each in addresses]

            assert 429 in await statuses(*(f"2001:db8:1:2::{number}" for number in range(12)))
            assert await statuses("2001:db8:1:3::1") == [200], "a neighbour's network"
            of_one = await statuses(*("203.0.113.77", "::ffff:203.0.113.77") * 5)
            assert of_one.count(200) < 10, "the same address in two spellings"


async def test_another_address_of_the_network_has_no_attempts_of_its_own(api, someone):
    anna = await someone()

    async def sign_in(name: str, address: str) -> str:
        wish = {"name": name, "password": PASSWORD}
        answer = await api.http.post("/api/session/", json=wish, headers=told(address))
        api.http.cookies.clear()
        return "in" if answer.status_code == 200 else answer.json()["code"]

    codes = {await sign_in(f"nobody {number}", f"2001:db8:7:7::{number}") for number in range(ADDRESS_FAILURES_MAX)}
    assert codes == {"wrong_password"}
    assert await sign_in(anna.name, "2001:db8:7:7:1::1") == "locked_out"
    assert await sign_in(anna.name, "2001:db8:7:8::1") == "in"


async def test_another_address_of_the_network_has_no_streams_of_its_own(services, api):
    async with AsyncExitStack() as held:
        for number in range(services.settings.streams_per_user):
            address = told(f"2001:db8:9:9::{number}")
            http = await held.enter_async_context(httpx.AsyncClient(base_url=api.url, headers=address))
            await held.enter_async_context(streaming(http))
        async with api.http.stream("GET", "/api/events/", headers=told("2001:db8:9:9::ffff")) as one_more:
            assert one_more.status_code == 429
            assert json.loads(await one_more.aread())["code"] == "too_many_streams"


async def test_the_log_keeps_the_whole_address(services, api, someone):
    anna = await someone()
    wrong = {"name": anna.name, "password": "not the password"}
    answer = await api.http.post("/api/session/", json=wrong, headers=told("2001:db8:5:5::9"))
    assert answer.status_code == 401
    async with services.pool.connection() as connection:
        found = await connection.execute("SELECT address FROM audit_log ORDER BY id DESC LIMIT 1")
        assert await found.fetchone() == ("2001:db8:5:5::9",)
