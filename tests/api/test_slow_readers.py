"""Readers that do not read: each is cut, the process holds little for them meanwhile, and nobody else waits for one."""

import asyncio
import re
import socket
from contextlib import ExitStack

import httpx
import psutil

from deploy.local.ports import free_port
from services import endings
from tests.api.running import process
from tests.api.sse import append, streaming
from tests.servers import PATIENCE, wait_until

STALLED = 40
STALL_SECONDS = 8
_SERVE = f"""
from api.app import create_app
from api.server import Server, listen
from services.settings import load
settings = load()
app = create_app(settings, stall_seconds={STALL_SECONDS})
Server(app).run(sockets=[listen(settings.api_host, settings.api_port)])
"""
EVENTS, FILLING = 4_000, "x" * 2_000
"""Together more than a connection's buffers hold; for all who stall, 320 MB."""
SINGLES = 20
DELAY_SECONDS = 0.5
GROWTH_MAX_BYTES = 50_000_000


async def test_readers_that_stall_cost_little_memory_and_no_time_of_others_and_are_cut(settings, services):
    port = free_port()
    request = f"GET /api/events/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    transport = httpx.AsyncHTTPTransport(retries=8)
    async with (
        process(settings, port, _SERVE) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30) as http,
    ):

        async def told(name: str) -> float:
            return float(re.search(rf"^{name} (\S+)$", (await http.get("/metrics")).text, re.MULTILINE)[1])

        async def open_streams_are(count: int) -> bool:
            return await told("paperfleet_stream_clients") == count

        async def weigh() -> None:
            while True:
                held.append(psutil.Process(server.pid).memory_info().rss)
                await asyncio.sleep(0.05)

        async with streaming(http) as reader:
            await append(services, EVENTS, filling=FILLING)
            await reader.take(EVENTS)
            held = [psutil.Process(server.pid).memory_info().rss]
            weighing = asyncio.create_task(weigh())
            with ExitStack() as stack:
                for _ in range(STALLED):
                    stalled = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    stalled.sendall(request)
                await wait_until(lambda: open_streams_are(STALLED + 1))
                await append(services, EVENTS, filling=FILLING)
                await reader.take(EVENTS)
                for _ in range(SINGLES):
                    await append(services, 1)
                    await reader.next_within(DELAY_SECONDS * PATIENCE)
                assert await told("paperfleet_stream_clients_cut_total") == 0
                await wait_until(lambda: open_streams_are(1), STALL_SECONDS + 10)
            await endings.end([weighing])
            assert await told("paperfleet_stream_clients_cut_total") == STALLED
        assert max(held) - held[0] < GROWTH_MAX_BYTES
