"""Reading over HTTP with a million trades: beside the same queries run bare, and beside a handler that does nothing.

One request at a time on one connection, as a client sees it; the API and the empty handlers are processes of their own.
What is compared takes turns.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from statistics import median
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from api import cursors
from bench.bare_handler import ASKING, PLACE
from bench.book import database
from bench.closed_book import closed_book
from bench.running import api, spawned, valkey
from bench.table import Row
from services.bootstrap import build
from services.db.pool import Connection, Pool
from services.db.trade_list import Key, TradeFilter
from services.domain.credentials import Role
from services.domain.credentials import Scope as Permission
from services.domain.metrics.scope import Scope
from services.settings import Login, Settings
from services.usecases.context import Services
from services.usecases.list_trades import list_trades
from services.usecases.manage_keys import NewKey, make
from services.usecases.performance import performance

PAGE = 100
TURNS, TIMES, WARM = 30, 10, 5


class Timed:
    """Seconds that something took, many times, in turns with something else."""

    def __init__(self, turns: list[list[float]]) -> None:
        self._sorted = sorted(seconds for turn in turns for seconds in turn)
        self.best = 1000 * min(map(median, turns))
        """The median of the best turn, in milliseconds: that which other work on this machine has met least."""

    def at(self, percent: int) -> float:
        """The percentile, in milliseconds."""
        return 1000 * self._sorted[min(len(self._sorted) - 1, len(self._sorted) * percent // 100)]

    def __str__(self) -> str:
        return f"{self.best:.2f} ms (all turns: p50 {self.at(50):.2f} ms, p99 {self.at(99):.2f} ms)"


async def timed(*works: Callable[[], Awaitable[object]]) -> list[Timed]:
    """Each of `works` many times, in turns, and each time warmed up."""
    turns: list[list[list[float]]] = [[] for _ in works]
    for _ in range(TURNS):
        for work, noted in zip(works, turns, strict=True):
            seconds = []
            for number in range(WARM + TIMES):
                started = time.perf_counter()
                await work()
                if number >= WARM:
                    seconds.append(time.perf_counter() - started)
            noted.append(seconds)
    return [Timed(each) for each in turns]


class Recorder(psycopg.AsyncConnection[tuple[Any, ...]]):
    """A connection that notes what is executed on it."""

    noted: ClassVar[list[tuple[Any, Any]]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Note, then execute."""
        self.noted.append((query, params))
        return await super().execute(query, params, **options)


def run(options: argparse.Namespace) -> tuple[str, list[Row]]:
    """The table's title and rows."""
    return f"the API with {options.trades:,} trades", asyncio.run(_run(options.trades))


async def _run(trades: int) -> list[Row]:
    async with database() as url, closed_book(url, trades) as pool, valkey() as redis_url:
        newest, last = await _places(pool, trades)
        everything = TradeFilter(account_ids=(1,))
        listing = await _statements(url, lambda services: list_trades(services, everything, PAGE))
        await performance(cast(Services, SimpleNamespace(pool=pool)), Scope(account_ids=(1,)))
        summary = await _statements(url, lambda services: performance(services, Scope(account_ids=(1,))))
        settings = Settings(
            database_url=url, redis_url=redis_url, spot_url="http://127.0.0.1:9", futures_url="http://127.0.0.1:9"
        )
        async with await psycopg.AsyncConnection.connect(url) as connection, api(settings) as (port, _):
            http = await Http.open(port)
            bare_list, first, deep = await timed(
                lambda: _bare(connection, listing),
                lambda: http.get(f"/api/paper-trades/?limit={PAGE}"),
                lambda: http.get(f"/api/paper-trades/?limit={PAGE}&cursor={last}"),
            )
            bare_summary, figures = await timed(
                lambda: _bare(connection, summary), lambda: http.get("/api/paper-trades/performance/")
            )
            size = await http.get(f"/api/paper-trades/{newest}/")
            async with _empty(size, "--within", settings=settings) as within, _empty(size, settings=settings) as alone:
                single, emptied, asked, least = await timed(
                    lambda: http.get(f"/api/paper-trades/{newest}/"),
                    lambda: within.get(f"{PLACE}/{newest}/"),
                    lambda: within.get(f"{ASKING}/{newest}/"),
                    lambda: alone.get(f"{PLACE}/{newest}/"),
                )
            known = await _by_key(settings, http, newest, size)
    return [
        _row(f"list of {PAGE}", first, "the same queries, bare psycopg", bare_list, 3),
        _row(f"page {trades // PAGE:,} of it", deep, "page 1", first, 1.25),
        _row("performance", figures, "the same queries, bare psycopg", bare_summary, 3),
        _row("one trade", single, f"the same handler, empty but for {size:,} bytes", emptied, 2),
        _row("one trade", single, "the same, after a SELECT 1", asked, None),
        _row("one trade", single, f"an empty handler of {size:,} bytes in an empty application", least, None),
        *known,
    ]


async def _by_key(settings: Settings, http: "Http", newest: int, size: int) -> list[Row]:
    """The same requests where login is required, by a key: found, counted against its limits, and bound by row-level
    security. The empty handler passes the same gate.
    """
    guarded = msgspec.structs.replace(settings, login=Login.REQUIRED, rate_per_minute=1_000_000)
    async with build(guarded) as services:
        made = await make(services, 1, Role.ADMIN, frozenset(Permission), NewKey(name="bench"), None)
    key = f"Authorization: Bearer {msgspec.json.decode(made.body)['key']}\r\n"
    trade, listed, summed = (f"/api/paper-trades/{path}" for path in (f"{newest}/", f"?limit={PAGE}", "performance/"))
    async with (
        api(guarded) as (port, _),
        _empty(size, "--within", settings=guarded, headers=key) as within,
    ):
        known = await Http.open(port, key)
        single, emptied, free = await timed(
            partial(known.get, trade), partial(within.get, f"{PLACE}/{newest}/"), partial(http.get, trade)
        )
        rows = [
            _row("one trade, by a key", single, "the same handler, empty, by a key", emptied, 2),
            _row("one trade, by a key", single, "without a login", free, None),
        ]
        for name, path in (f"list of {PAGE}", listed), ("performance", summed):
            bound, free = await timed(partial(known.get, path), partial(http.get, path))
            rows.append(_row(f"{name}, by a key", bound, "without a login", free, None))
    return rows


@asynccontextmanager
async def _empty(size: int, *arguments: str, settings: Settings, headers: str = "") -> AsyncIterator["Http"]:
    """A connection to an empty handler in a process of its own."""
    async with spawned("bench.bare_handler", str(size), *arguments, environment=settings.to_environment()) as process:
        yield await Http.open(int(cast(int, await process.answer())), headers)


def _row(name: str, figure: Timed, baseline: str, other: Timed, bound: float | None) -> Row:
    ratio = figure.best / other.best
    told = (f"<= {bound}", ratio <= bound) if bound is not None else ()
    return Row(name, str(figure), f"{baseline}: {other}", ratio, *told)


class Http:
    """One kept connection to a server; the thinnest client there is, so that it is the server that is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: str) -> None:
        self._reader, self._writer, self._headers = reader, writer, headers

    @classmethod
    async def open(cls, port: int, headers: str = "") -> "Http":
        """`headers` go with each request, each with the end of its line."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22), headers)

    async def get(self, path: str) -> int:
        """Ask, and read the answer; its size in bytes. Raises AssertionError unless it is a 200."""
        return await self._ask("GET", path, b"", 200)

    async def post(self, path: str, body: bytes, status: int) -> int:
        """The same of a POST. Raises AssertionError for another status."""
        return await self._ask("POST", path, body, status)

    async def _ask(self, method: str, path: str, body: bytes, status: int) -> int:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{self._headers}{length}\r\n".encode() + body
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(f"http/1.1 {status}".encode()), head
        size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(size)
        return size


async def _places(pool: Pool, trades: int) -> tuple[int, str]:
    """The newest trade's id, and the cursor of the last full page."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT created_at, id FROM trades ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1",
            [trades - PAGE - 1],
        )
        row = await cursor.fetchone()
        newest = await (
            await connection.execute("SELECT id FROM trades ORDER BY created_at DESC, id DESC LIMIT 1")
        ).fetchone()
    assert row is not None
    assert newest is not None
    return newest[0], cursors.encode(Key(*row)) or ""


async def _statements(url: str, work: Callable[[Services], Awaitable[object]]) -> list[tuple[Any, Any]]:
    """What `work` executes."""
    pool = AsyncConnectionPool(url, connection_class=Recorder, min_size=1, open=False)
    await pool.open(wait=True)
    Recorder.noted.clear()
    await work(cast(Services, SimpleNamespace(pool=pool)))
    noted = [each for each in Recorder.noted if each[0] != ""]
    await pool.close()
    return noted


async def _bare(connection: Connection, statements: list[tuple[Any, Any]]) -> None:
    """Execute them, and read their rows as Python's values; a row that comes as one text of JSON is read too."""
    for query, parameters in statements:
        cursor = await connection.execute(query, parameters)
        if cursor.description is not None:
            rows = await cursor.fetchall()
            if len(cursor.description) == 1:
                for (value,) in rows:
                    if isinstance(value, str):
                        msgspec.json.decode(value)
    await connection.commit()
