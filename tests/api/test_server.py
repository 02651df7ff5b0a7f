"""The server as a process: it starts by its settings and ends in order, streams and requests included."""

import asyncio
import signal
import socket

import httpx
import pytest

from deploy.local.ports import free_port
from tests.api.running import process
from tests.api.sse import streaming


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


async def test_a_taken_port_is_an_error_at_once(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with process(settings, taken.getsockname()[1]) as child:
            assert await asyncio.wait_for(child.wait(), 20) != 0
