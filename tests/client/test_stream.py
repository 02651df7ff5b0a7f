"""An event stream as its reader sees it: one, without gap or repeat, whatever breaks below."""

import asyncio
import itertools
import random
import threading

import pytest

from paperfleet.client import AsyncClient, Client, NotFound, Unreachable
from tests.api.running import serving
from tests.api.sse import append
from tests.client.line import Line
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")


class Reading:
    """Numbers of events, read by a client of either kind in the background."""

    def __init__(self, kind, url, **wanted):
        self.numbers = []
        self.lost = []
        self.client = kind(url)
        self.wanted = wanted | {"on_lost": lambda reason, seconds: self.lost.append(reason)}
        work = self._block if kind is Client else lambda: asyncio.run(self._await())
        threading.Thread(target=work, daemon=True).start()

    def _block(self):
        for event in self.client.events(**self.wanted):
            self.numbers.append(event.data.get("number", event.type))

    async def _await(self):
        async for event in self.client.events(**self.wanted):
            self.numbers.append(event.data.get("number", event.type))


async def _head(services):
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT event_seq FROM accounts WHERE id = 1")
        return (await cursor.fetchone())[0]


def _streams(api):
    return api.app.state.hub._clients  # the test waits for a reader to be there before it writes


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_stream_cut_again_and_again_is_one_stream(services, api, kind):
    head = await _head(services)
    with Line(api.url) as line:
        reading = Reading(kind, line.url)
        await wait_until(lambda: _streams(api))
        chance = random.Random(3)
        for opened in range(1, 6):
            line.cut_after = chance.randrange(300, 3000)
            line.cut()
            await append(services, chance.randrange(5, 20))
            await wait_until(lambda: line.opened > opened)  # noqa: B023 - it is awaited here
        line.cut_after = None
        line.cut()
        await append(services, 1)
        wanted = list(range(head + 1, await _head(services) + 1))
        await wait_until(lambda: reading.numbers[-1:] == wanted[-1:], 60)
        assert reading.numbers == wanted
        assert len(reading.lost) >= 5


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_what_happens_before_the_first_event_and_while_the_api_is_away_is_not_missed(services, kind):
    head = await _head(services)
    with serving(services.settings) as first:
        line = Line(first.url)
        line.__enter__()
        reading = Reading(kind, line.url)
        await wait_until(lambda: _streams(first))
    with line:
        await append(services, 3)
        await wait_until(lambda: len(reading.lost) >= 2)
        assert not reading.numbers
        with serving(services.settings) as second:
            line.target = second.url
            await wait_until(lambda: len(reading.numbers) == 3, 30)
            await append(services, 2)
            await wait_until(lambda: len(reading.numbers) == 5)
            assert reading.numbers == [head + number for number in range(1, 6)]


async def test_it_begins_where_it_is_told_to(services, api):
    await append(services, 4)
    head = await _head(services)
    with Client(api.url) as client:
        wanted = itertools.islice((e for e in client.events(from_start=True) if e.type == "paper_trade"), head)
        events = list(wanted)
        assert [each.data.get("number", number) for number, each in enumerate(events, 1)] == list(range(1, head + 1))
        following = next(client.events(last_event_id=events[-3].id))
        assert following.id == events[-2].id


async def test_prices_and_trades_are_typed(services, api):
    with Client(api.url) as client:
        event = next(client.events(prices=["SPOT:BTCUSDT"]))
        assert (event.type, event.price.symbol) == ("price", "BTCUSDT")
        price = event.price.last
        plan = {"market_type": "SPOT", "symbol": "BTCUSDT", "direction": "LONG"}
        stream = client.events()
        threading.Timer(
            0.3, lambda: client.trades.open(**plan, stop_loss=price / 2, take_profit=price * 2, source="typed")
        ).start()
        opened = next(each for each in stream if each.trade is not None and each.trade.source == "typed")
        assert opened.trade.symbol == "BTCUSDT"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_an_event_may_hold_what_ends_a_line_elsewhere(api, order, kind):
    notes = "one\u2028two\u2029three\x85four"
    with Client(api.url) as client:
        made = client.trades.open(**order, notes=notes)
        client.trades.close(made)
    told = await asyncio.to_thread(_first_of, kind, api.url, made.id)
    assert told.notes == notes


def _first_of(kind, url, trade_id):
    """The trade as the first event about it has it."""

    async def awaited():
        async with AsyncClient(url) as client:
            async for event in client.events(from_start=True):
                if event.trade is not None and event.trade.id == trade_id:
                    return event.trade
        raise AssertionError("the stream is endless")

    if kind is AsyncClient:
        return asyncio.run(awaited())
    with Client(url) as client:
        events = (event.trade for event in client.events(from_start=True) if event.trade is not None)
        return next(trade for trade in events if trade.id == trade_id)


async def test_what_asking_again_does_not_mend_is_raised(api):
    with Client(api.url) as client, pytest.raises(NotFound):
        next(client.events(sources=[987654321]))
    with Client(api.url) as client, pytest.raises(NotFound, match="no account 987654321"):
        next(client.events(account_ids=[987654321]))
    with Client("http://127.0.0.1:1") as client, pytest.raises(Unreachable):
        next(client.events())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_reader_is_spared_the_beats(services, api, kind, monkeypatch):
    monkeypatch.setattr("api.hub.BEAT_SECONDS", 0.0)  # at every look
    head, others = await _head(services), set(_streams(api))
    reading = Reading(kind, api.url)
    await wait_until(lambda: _streams(api) - others)
    (stream,) = _streams(api) - others
    began = stream.beat_at
    await wait_until(lambda: stream.beat_at > began + 1)
    await append(services, 2)
    await wait_until(lambda: len(reading.numbers) >= 2)
    assert reading.numbers == [head + 1, head + 2]
