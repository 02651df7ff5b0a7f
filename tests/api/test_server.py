"""The server as a process: it starts by its settings and ends in order, streams and requests included."""

import asyncio
import signal
import socket

import httpx
import psycopg
import pytest

from deploy.local.ports import free_port
from tests.api.running import process, serving
from tests.api.sse import streaming
from tests.servers import wait_until


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_streams_and_process_in_order(settings, signal_):
    port = free_port()
    async with process(settings, port) as child:
        transport = httpx.AsyncHTTPTransport(retries=8)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport) as http:
            assert (await http.get("/health/ready")).status_code == 200
            async with streaming(http) as stream:
                child.send_signal(signal_)
                with pytest.raises(StopAsyncIteration):
                    await stream.next()
        assert await asyncio.wait_for(child.wait(), 5) == 0


async def test_a_request_that_outlasts_the_grace_is_told_to_try_again(settings, services, monkeypatch):
    monkeypatch.setattr("api.server.GRACE_SECONDS", 0.3)
    with serving(settings) as api, psycopg.connect(settings.database_url) as holding:
        holding.execute("LOCK TABLE accounts")
        async with api.http:
            asked = asyncio.create_task(api.http.get("/api/accounts/1/"))
            await wait_until(lambda: len(api.server.server_state.tasks) == 1)
            api.server.should_exit = True
            answer = await asked
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "ends" in answer.json()["detail"]


async def test_a_taken_port_is_an_error_at_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with process(settings, taken.getsockname()[1]) as child:
            assert await asyncio.wait_for(child.wait(), 20) != 0


async def test_a_transaction_that_goes_on_for_ever_ends_with_try_again(settings, services, monkeypatch):
    monkeypatch.setattr("services.db.pool.TRANSACTION_TIMEOUT", "1s")
    with serving(settings) as api, psycopg.connect(settings.database_url) as other:
        async with api.http:
            other.execute("LOCK TABLE trades")
            answer = await api.http.get("/api/paper-trades/")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
            assert int(answer.headers["retry-after"]) > 0
            other.rollback()
            assert (await api.http.get("/api/paper-trades/")).status_code == 200
