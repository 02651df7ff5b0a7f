"""What a process keeps of requests that are over: nothing."""

import gc

import pytest

REQUESTS = 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/paper-trades/?limit=1",
        "/api/paper-trades/performance/",
        "/api/instruments/?limit=1",
        "/api/prices/?limit=1",
        "/api/signals/?limit=1",
        "/api/accounts/",
        "/api/paper-trades/?no_such=1",
        "/api/paper-trades/999999/",
        "/api/no/such/page",
        "/health/ready",
        "/metrics",
    ],
)
async def test_nothing_is_kept_of_a_request_that_is_over(api, path):
    async def ask(times: int) -> int:
        for _ in range(times):
            await api.http.get(path)
        gc.collect()
        return len(gc.get_objects())

    before = await ask(20)
    grown = await ask(REQUESTS) - before
    assert grown < REQUESTS // 2, f"{grown} objects more after {REQUESTS} requests"
