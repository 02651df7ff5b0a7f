"""The reading side of `bench sse`, a process of its own: thousands of event streams, counted and timed.

It is told what to do on stdin and answers on stdout, a JSON line each:

{"open": N}              N streams -> when all are greeted
{"wait": N}              until every stream has N events since then -> the wall time of the last, and the delays
{"cuts": N, "streams"}   streams cut at random N times in all, each resumed by its last id; every other one begins with
                         what is new -> {}
{"end": N}               read on until each of them has event N -> gaps, repeats and events seen, streams that have N
"""

import asyncio
import json
import re
import resource
import sys
import time
from typing import Any

import httpx
import uvloop

from bench.cut_streams import CutStreams

SENT = re.compile(rb'"sent": ?([0-9.]+)')
OPENING = 50
"""How many connections are opened at a time."""


class Reader(asyncio.Protocol):
    """One stream: counts its events and notes how old they were when they came."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.count = 0
        self.greeted = asyncio.get_running_loop().create_future()
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        transport.write(b"GET /api/events/ HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        """Count whole events: what is cut between two reads is looked at with the second."""
        data = self._rest + data
        if not self.greeted.done() and b": welcome" in data:
            self.greeted.set_result(None)
        now, end = time.time(), 0
        for found in SENT.finditer(data):
            if (end := found.end()) == len(data):
                end = found.start()
                break
            self.count += 1
            self.crowd.delays.append(now - float(found[1]))
            if self.count == self.crowd.wanted:
                self.crowd.arrived(now)
        self._rest = data[max(end, len(data) - 40) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is to be cut here."""
        self.crowd.lost += 1


class Crowd:
    """All streams together."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.readers: list[Reader] = []
        self.delays: list[float] = []
        self.wanted, self.missing, self.lost, self.last = 0, 0, 0, 0.0
        self.all_there = asyncio.Event()

    async def open(self, count: int) -> dict[str, Any]:
        loop, started = asyncio.get_running_loop(), time.time()
        for start in range(0, count, OPENING):
            some = [
                loop.create_connection(lambda: Reader(self), self.host, self.port)
                for _ in range(min(OPENING, count - start))
            ]
            readers = [reader for _, reader in await asyncio.gather(*some)]
            await asyncio.gather(*(reader.greeted for reader in readers))
            self.readers += readers
        return {"seconds": time.time() - started}

    def expect(self, count: int) -> None:
        """From now on, every stream is to have so many events."""
        self.delays, self.wanted, self.missing = [], count, len(self.readers)
        for reader in self.readers:
            reader.count = 0
        self.all_there.clear()

    async def wait(self) -> dict[str, Any]:
        await self.all_there.wait()
        delays = sorted(self.delays)
        share = {f"p{p}": delays[min(len(delays) - 1, len(delays) * p // 100)] for p in (50, 99)}
        return {"last": self.last, "events": len(delays), "lost": self.lost, **share}

    def arrived(self, now: float) -> None:
        self.missing -= 1
        self.last = now
        if not self.missing:
            self.all_there.set()


async def main(host: str, port: int) -> None:
    """Do what stdin says until it ends."""
    url, limits = f"http://{host}:{port}", httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:
        await _obey(Crowd(host, port), http)


async def _obey(crowd: Crowd, http: httpx.AsyncClient) -> None:
    loop, cut = asyncio.get_running_loop(), CutStreams(http, 0)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        match json.loads(line):
            case {"open": int(count)}:
                answer = await crowd.open(count)
            case {"expect": int(count)}:
                crowd.expect(count)
                answer = {}
            case {"wait": _}:
                answer = await crowd.wait()
            case {"cuts": int(count), "streams": int(streams)}:
                cut = CutStreams(http, streams)
                answer = await cut.cut(count)
            case {"end": int(head)}:
                answer = await cut.end(head)
            case other:
                raise ValueError(other)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
