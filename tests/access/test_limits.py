"""Rate limits are one for the fleet, open when Redis is away; other sites' pages stay outside unless named."""

import itertools
import time

import httpx
import msgspec
import pytest
import pytest_asyncio

from services.coordination.rate import Limit, RateLimits
from services.domain.credentials import ID_BYTES, SECRET_BYTES, make_key
from tests.access.people import PASSWORD, Person, with_key
from tests.api.running import serving

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def nobody_has_asked(services):
    """All tests ask from one address: what an earlier one used up must not turn this one's away."""
    async for key in services.redis.scan_iter("rate:*"):
        await services.redis.delete(key)


async def asked(api, key) -> httpx.Response:
    return await api.http.get("/api/prices/?symbols=BTCUSDT", headers={"Authorization": f"Bearer {key}"})


async def guess(api) -> httpx.Response:
    return await asked(api, "nonsense")


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


async def test_keys_of_one_address_have_ten_times_the_limit_of_one(services, someone):
    anna = await someone()
    keys = [(await anna.key("read"))["key"] for _ in range(16)]
    with serving(msgspec.structs.replace(services.settings, rate_per_minute=4)) as api:
        async with api.http:
            started = time.monotonic()
            answers = [await asked(api, key) for key in keys]
            admitted = sum(answer.status_code == 200 for answer in answers)
            assert 10 <= admitted <= 10 + 40 / 60 * (time.monotonic() - started)
            assert answers[-1].status_code == 429, "each key asked once, and has a request a time of its own"


async def test_who_guesses_is_turned_away_before_the_database_is_asked(services, someone):
    """Seen by a key that holds and is not remembered: it is not looked up either while guesses have used all up."""
    anna = await someone()
    known, unknown = [(await anna.key("read"))["key"] for _ in range(2)]
    with serving(msgspec.structs.replace(services.settings, rate_per_minute=40)) as api:
        async with api.http:
            assert (await asked(api, known)).status_code == 200
            guesses = [make_key(bytes([*range(ID_BYTES + SECRET_BYTES - 1), number])).text for number in range(100)]
            statuses = []
            for guess in guesses:
                statuses.append((await asked(api, guess)).status_code)
                if statuses[-1] == 429:
                    break
            assert set(statuses) == {401, 429}
            assert 10 <= statuses.count(401) <= 14
            assert (await asked(api, unknown)).status_code == 429
            assert (await asked(api, known)).status_code == 200, "who is known is not kept out by a neighbour"


async def test_a_limit_lets_so_many_through_in_the_long_run(services):
    limits, limit = RateLimits(services.redis), Limit("test", 20, 3)
    looked = [await limits.look(limit) for _ in range(9)]
    assert {(room.admitted, room.remaining) for room in looked} == {(True, 3)}, "to look takes nothing"
    taken = [await limits.take(limit) for _ in range(4)]
    assert [(room.admitted, room.remaining) for room in taken] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert 0 < taken[-1].retry_after <= 3
    assert not (await limits.look(limit)).admitted


async def test_of_two_limits_the_tighter_decides_and_the_other_loses_nothing(services):
    limits, wide, tight = RateLimits(services.redis), Limit("wide", 60, 9), Limit("tight", 1, 2)
    rooms = [await limits.take(wide, tight) for _ in range(5)]
    assert [(room.admitted, room.remaining) for room in rooms] == [(True, 1), (True, 0)] + [(False, 0)] * 3
    assert 50 < rooms[-1].retry_after <= 60
    assert (await limits.take(wide)).remaining >= 6


async def test_without_redis_requests_pass_uncounted_and_nobody_signs_in(services, someone):
    anna = await someone()
    settings = msgspec.structs.replace(services.settings, rate_per_minute=40, redis_url="redis://127.0.0.1:1/0")
    with serving(settings) as api:
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
