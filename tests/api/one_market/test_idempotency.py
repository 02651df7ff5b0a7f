"""Idempotency-Key: one key, one trade, one answer, however often and from wherever it is asked."""

import asyncio

import httpx
import pytest

from services.domain.market import Market
from tests.api.running import order

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def wish(services, **changes):
    return order("FUTURES", "BTCUSDT", (await services.prices.one(Market.FUTURES, "BTCUSDT")).last, **changes)


async def trades(services):
    async with services.pool.connection() as connection:
        return (await (await connection.execute("SELECT count(*) FROM trades")).fetchone())[0]


async def test_fifty_parallel_creates_with_one_key_make_one_trade(api, services):
    body, headers = await wish(services), {"Idempotency-Key": "once"}
    before = await trades(services)
    async with httpx.AsyncClient(base_url=api.url, timeout=30, limits=httpx.Limits(max_connections=50)) as http:
        answers = await asyncio.gather(
            *(http.post("/api/paper-trades/", json=body, headers=headers) for _ in range(50))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await trades(services) == before + 1


async def test_a_key_is_bound_to_its_request(api, services):
    headers, before = {"Idempotency-Key": "bound"}, await trades(services)
    first = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
    other = await api.http.post("/api/paper-trades/", json=await wish(services, notes="other"), headers=headers)
    assert (first.status_code, other.status_code, other.json()["code"]) == (201, 409, "idempotency_key_reused")
    assert await trades(services) == before + 1


async def test_a_refused_create_leaves_its_key_free(api, services):
    headers = {"Idempotency-Key": "again"}
    refused = await api.http.post("/api/paper-trades/", json=await wish(services, leverage=0), headers=headers)
    accepted = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
    assert (refused.status_code, accepted.status_code) == (422, 201)


async def test_a_key_must_be_one(api, services):
    before = await trades(services)
    for key in ("", "k" * 256, "kéy"):
        headers = [("Idempotency-Key", key.encode())]
        answer = await api.http.post("/api/paper-trades/", json=await wish(services), headers=headers)
        assert answer.status_code == 422, key
    assert await trades(services) == before
