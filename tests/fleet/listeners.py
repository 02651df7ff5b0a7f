"""Readers of the event stream, cut and resumed at random: each must be told everything, once and in order."""

import asyncio
from collections.abc import Mapping
from random import Random

import httpx

PATIENCE_SECONDS = 20
"""A stream beats every 15 s; a silent one is given up."""


class Listener:
    """Reads the owner's stream from its first event on, by whichever API process it gets. `seen` is where it is.

    urls         of the API processes, by name
    events_max   it cuts its connection after so many events at the latest; 0: it never does
    may_refuse   a stream may be answered 503, and is asked for again
    prices       whose prices it wants; `priced` is how many have come
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        epoch: str,
        seed: int,
        *,
        events_max: int = 400,
        may_refuse: bool = True,
        prices: str = "",
    ) -> None:
        self.urls = urls
        self.chance = Random(seed)
        self.events_max = events_max
        self.may_refuse = may_refuse
        self.prices = prices
        self.priced = 0
        self.at = {"a1": 0, "market": 0}
        self.epoch = epoch
        self.cuts = 0
        self.violations: list[str] = []
        self._place = ""

    @property
    def seen(self) -> int:
        """The number of the account's last event."""
        return self.at["a1"]

    async def listen(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(verify=False, timeout=httpx.Timeout(PATIENCE_SECONDS)) as http:
            while True:
                try:
                    await self._connection(http, self.chance.randint(1, self.events_max) if self.events_max else 0)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                self.cuts += 1

    async def _connection(self, http: httpx.AsyncClient, events: int) -> None:
        base = self.chance.choice(list(self.urls.values()))
        headers = {"Last-Event-ID": f"{self.epoch}:" + ",".join(f"{name}.{seq}" for name, seq in self.at.items())}
        wanted = {"prices": self.prices} if self.prices else {}
        async with http.stream("GET", f"{base}/api/events/", headers=headers, params=wanted) as answer:
            if answer.status_code != 200:
                if answer.status_code != 503 or not self.may_refuse:
                    self.violations.append(f"a stream answered {answer.status_code}")
                await asyncio.sleep(0.2)
                return
            self._place = ""
            async for line in answer.aiter_lines():
                if self.hear(line):
                    events -= 1
                    if events == 0:
                        return

    def hear(self, line: str) -> bool:
        """Judge the next line of a stream; whether it was an event's."""
        place = self._place
        if line == "event: reset":
            self.violations.append("a stream was reset though nothing was lost")
        self.priced += line == "event: price"
        if line.startswith("id: "):
            self._place = line.removeprefix("id: ")
        elif line.startswith("data: ") and place:
            self._step(place)
            self._place = ""
            return True
        elif not line and place:
            self._named(place)
            self._place = ""
        return False

    def _named(self, id_: str) -> None:
        """An id without an event tells a reader where it is, and moves it nowhere."""
        if _place(id_) != (self.epoch, self.at):
            self.violations.append(f"at {self.at}, and told to be at {id_}")

    def _step(self, id_: str) -> None:
        """One event: exactly one stream has gone on by one."""
        epoch, now = _place(id_)
        steps = {name: now.get(name, 0) - before for name, before in self.at.items()}
        if epoch != self.epoch or sorted(steps.values()) != [0, 1]:
            self.violations.append(f"from {self.at} to {id_}")
        self.at = {name: now.get(name, 0) for name in self.at}


def _place(id_: str) -> tuple[str, dict[str, int]]:
    """The epoch and the number of each stream's last event in an id."""
    epoch, _, rest = id_.partition(":")
    return epoch, {name: int(seq) for name, _, seq in (part.rpartition(".") for part in rest.split(","))}
