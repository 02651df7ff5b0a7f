"""Event streams cut at any byte, again and again, each resumed by the id of its last event."""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

import httpx

IDS = re.compile(rb"^id: \S+?:a1\.(\d+)", re.MULTILINE)
CUT_BYTES = (200, 12_000)
"""How much of a stream is read before a cut: cuts come thick and fast, but most leave some events between them."""


class CutStreams:
    """Some streams on one client. Every other one begins with the account's first event, the rest with what is new."""

    def __init__(self, http: httpx.AsyncClient, count: int) -> None:
        chance = random.Random(7)
        self._streams = [_Stream(http, random.Random(chance.random()), from_start=n % 2 == 0) for n in range(count)]

    async def cut(self, times: int) -> dict[str, Any]:
        """Cut them `times` in all."""

        async def one(stream: _Stream) -> None:
            while sum(each.cuts for each in self._streams) < times:
                await stream.read_and_cut()

        await asyncio.gather(*(one(stream) for stream in self._streams))
        return {}

    async def end(self, head: int) -> dict[str, Any]:
        """Read on until all have event `head`: what they have seen by then, `whole` if nothing before it is missing."""
        await asyncio.gather(*(stream.read_to(head) for stream in self._streams))
        return {
            "cuts": sum(each.cuts for each in self._streams),
            "events": sum(each.events for each in self._streams),
            "gaps": sum(each.gaps for each in self._streams),
            "repeats": sum(each.repeats for each in self._streams),
            "whole": sum(each.last == head and each.events == head - (each.first or 0) for each in self._streams),
        }


class _Stream:
    """One of them. `first` is where it began, `last` the event that it has; the counts are of all its connections."""

    def __init__(self, http: httpx.AsyncClient, chance: random.Random, *, from_start: bool) -> None:
        self._http, self._chance = http, chance
        self.first: int | None = 0 if from_start else None
        self.last = 0
        self.cuts = self.events = self.gaps = self.repeats = 0
        self._last_id = ""

    async def read_and_cut(self) -> None:
        limit = self._chance.randrange(*CUT_BYTES)
        await self._read(limit, lambda: False)
        self.cuts += 1

    async def read_to(self, head: int) -> None:
        if self.last < head:
            await self._read(None, lambda: self.last >= head)

    async def _read(self, limit: int | None, has_enough: Callable[[], bool]) -> None:
        """Read until so many bytes have come, or enough events."""
        params = {} if self._last_id or self.first is None else {"from": "start"}
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        size, data = 0, b""
        async with self._http.stream("GET", "/api/events/", params=params, headers=headers) as response:
            async for part in response.aiter_bytes():
                taken = part if limit is None else part[: limit - size]
                size, data = size + len(taken), data + taken
                *whole, data = data.split(b"\n\n")
                for frame in whole:
                    self._take(frame)
                if size == limit or has_enough():
                    return

    def _take(self, frame: bytes) -> None:
        found = IDS.search(frame)
        if found is None:
            return
        seq = int(found[1])
        if b"\ndata: " not in frame:  # the first frame of a connection only names the place where it begins
            if self.first is None:
                self.first = self.last = seq
                self._last_id = _id(frame)
            return
        self.events += 1
        self.gaps += seq > self.last + 1
        self.repeats += seq <= self.last
        self.last, self._last_id = seq, _id(frame)


def _id(frame: bytes) -> str:
    return frame.split(b"id: ", 1)[1].split(b"\n", 1)[0].decode()
