"""Rate limits are one for the fleet, open when Redis is away; other sites' pages stay outside unless named."""

import itertools
import time

import httpx
import msgspec
import pytest

from services.coordination.rate import RateLimits
from tests.access.people import PASSWORD, Person, with_key
from tests.api.running import serving

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def guess(api) -> httpx.Response:
    return await api.http.get("/api/prices/", headers={"Authorization": "Bearer nonsense"})


async def test_requests_beyond_the_limit_are_told_when_to_come_back(services, someone):
    anna, ben = await someone(), await someone()
    key = await anna.key("read")
    settings = msgspec.structs.replace(services.settings, rate_per_minute=40)
    with serving(settings) as first, serving(settings) as second:
        async with with_key(first.url, key["key"]) as one, with_key(second.url, key["key"]) as two:
            started, admitted = time.monotonic(), []
            for http in itertools.cycle((one, two)):
                answer = await http.get("/api/prices/?symbols=BTCUSDT")
                if answer.status_code != 200:
                    break
                admitted.append(int(answer.headers["ratelimit-remaining"]))
            refilled = 40 / 60 * (time.monotonic() - started)
            assert 10 <= len(admitted) <= 10 + refilled
            assert (max(admitted), min(admitted)) == (9, 0)
            refused = answer
            assert refused.status_code == 429
            assert refused.json()["code"] == "rate_limited"
            assert 1 <= int(refused.headers["retry-after"]) <= 2
            assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == ("40", "0")
            other = Person(first.url, ben.name)
            assert (await other.sign_in(PASSWORD)).status_code == 200
            assert (await other.http.get("/api/prices/?symbols=BTCUSDT")).status_code == 200
            bad = await guess(first)
            for _ in range(100):
                bad = bad if bad.status_code == 429 else await guess(first)
            assert bad.status_code == 429, "who guesses keys is limited by address"
            nobody = httpx.AsyncClient(base_url=first.url)
            async with nobody:
                assert (await nobody.get("/api/prices/")).status_code == 429
                for probe in ("/health/live", "/health/ready", "/metrics"):
                    assert (await nobody.get(probe)).status_code == 200, "no neighbour makes us look dead"
            await other.http.aclose()
        await first.http.aclose()
        await second.http.aclose()


async def test_a_limit_lets_so_many_through_in_the_long_run(services):
    limits = RateLimits(services.redis)
    taken = [await limits.take("test", per_minute=20, burst=3) for _ in range(4)]
    assert [room.admitted for room in taken] == [True, True, True, False]
    assert 0 < taken[-1].retry_after <= 3


async def test_without_redis_requests_pass_uncounted_and_nobody_signs_in(services, someone):
    anna = await someone()
    settings = msgspec.structs.replace(services.settings, rate_per_minute=40, redis_url="redis://127.0.0.1:1/0")
    with serving(settings, ready=False) as api:
        async with api.http:
            api.http.cookies.update(anna.http.cookies)
            answer = await api.http.get("/api/session/")
            assert (answer.status_code, answer.json()["name"]) == (200, anna.name)
            refused = await api.http.post("/api/session/", json={"name": anna.name, "password": PASSWORD})
            assert refused.status_code == 503
            metrics = (await api.http.get("/metrics")).text
            assert "paperfleet_http_rate_limits_skipped_total " in metrics


async def test_other_sites_pages_are_let_in_by_name_only(services, api):
    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
    closed = await api.http.options("/api/prices/", headers=asked)
    assert "access-control-allow-origin" not in closed.headers
    with serving(msgspec.structs.replace(services.settings, cors_origins="https://desk.example")) as named:
        async with named.http:
            opened = await named.http.options("/api/prices/", headers=asked)
            assert opened.headers["access-control-allow-origin"] == "https://desk.example"
            assert "access-control-allow-credentials" not in opened.headers
            foreign = await named.http.options("/api/prices/", headers=asked | {"Origin": "https://evil.example"})
            assert foreign.headers.get("access-control-allow-origin") != "https://evil.example"


async def test_metrics_are_for_neighbours(api):
    assert (await api.http.get("/metrics")).status_code == 200
    assert (await api.http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})).status_code == 401
