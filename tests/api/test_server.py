"""The server as a process: it starts by its settings and ends in order, streams and requests included."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.api.running import ROOT
from tests.api.sse import streaming

_RUN = "from api.server import serve; from services.settings import load; serve(load())"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@asynccontextmanager
async def process(settings, port):
    environment = os.environ | settings.to_environment() | {"PAPERFLEET_API_PORT": str(port)}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", _RUN, cwd=ROOT, env=environment)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


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
