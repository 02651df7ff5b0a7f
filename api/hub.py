"""The hub: brings the event streams to this process's clients, with one reader for all of them.

One task reads the new rows of all followed streams in one query whenever the doorbell rings, and every 500 ms in
any case: a lost bell costs half a second, never an event. A stream's newest events are encoded once and kept for
all clients; a client is only a cursor. Joining and resuming need no special care therefore: whatever a cursor has
not passed comes next, from memory or, further back, from the database.

A client that does not take a chunk for STALL_SECONDS is cut off; until then it holds one chunk of memory.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import msgspec
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from api.chunks import Chunk, Chunks
from api.event_id import parse
from api.feed import Feed
from api.metrics import HUB_FAILURES, STREAM_CLIENTS, STREAM_CLIENTS_CUT
from api.price_board import Pair, PriceBoard
from api.stream_client import StreamClient
from api.stream_traces import trace
from api.subscription import Holder, Subscription
from services import endings
from services.coordination import doorbell
from services.coordination.stream_shares import Lease, StreamShares
from services.db.acting import Acting, acting_as
from services.db.event_log import Cursors, Page
from services.db.insist import insist
from services.db.market_events import STREAM as MARKET_STREAM
from services.domain.errors import NotFound, Unavailable
from services.domain.market import Market
from services.settings import Login
from services.usecases.context import Services
from services.usecases.event_feed import (
    SOURCES_MAX,
    begins,
    oldest_cursors,
    position_pairs,
    read_events,
    sources_to_follow,
    still_readable,
    streams_of,
)
from services.usecases.identify import Identifier
from services.usecases.sign_in import ACCESS_BELL

POLL_SECONDS = 0.5
PRICE_SECONDS = 1.0
STALL_SECONDS = 20.0
BEAT_SECONDS = 14.0
"""How often a beat is sent; looked at every POLL_SECONDS, it comes within 15."""
PAGE_EVENTS = 500
RIGHTS_SECONDS = 30.0
"""How long a stream may outlive its credential when no bell tells of the end."""
BEHIND_READERS = 2
"""How many clients may read the database at a time to catch up: the pool serves requests as well."""
JOINERS = 2
"""How many may be on their way in at a time: when thousands come back at once, they wait instead of being refused."""

log = structlog.get_logger(__name__)


class Hub:
    """Follows the streams that somebody listens to. Lives inside `running`.

    What a stream is joined to is looked up as its reader, so that PostgreSQL has a say in it too; what comes on it is
    read by the fleet itself, once for all readers.
    """

    def __init__(self, services: Services, *, stall_seconds: float = STALL_SECONDS) -> None:
        self.epoch = ""
        self.feeds: dict[str, Feed] = {}
        self._callers, self._services = services, services.as_system()
        self.prices = PriceBoard(self._services)
        self.identifier = Identifier(self._services)
        self._shares = StreamShares(services.redis, services.settings.streams_per_user)
        self._stall_seconds = stall_seconds
        self._clients: set[StreamClient] = set()
        self._chunks = Chunks()
        self._tasks: list[asyncio.Task[None]] = []
        self._bell, self._price_bell, self._rights_bell = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._reading = asyncio.Lock()
        self._behind = asyncio.Semaphore(BEHIND_READERS)
        self.joining = asyncio.Semaphore(JOINERS)
        self._is_reading_well = True
        self._is_ended = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """The hub at work; at the end all streams are ended. Raises what keeps the database from answering."""
        page = await insist(lambda: read_events(self._services, {MARKET_STREAM: 0}, 0))
        self.epoch, self.feeds = page.epoch, {MARKET_STREAM: Feed(page.heads[MARKET_STREAM])}
        self._tasks = [
            asyncio.create_task(part())
            for part in (self._follow, self._follow_prices, self._listen, self._guard, self._tend, self._shares.told)
        ]
        try:
            yield self
        finally:
            self.end()
            await endings.end(self._tasks)
            await self._shares.tell_returned()

    @property
    def is_alive(self) -> bool:
        """Whether every task of the hub still runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @property
    def is_ready(self) -> bool:
        """Whether the last look into the event log succeeded."""
        return self.is_alive and self._is_reading_well

    async def connect(self, wanted: Subscription) -> StreamClient:
        """A client at its place: after its last event id, else now or at the start.

        Raises Unavailable when full, TooMany, NotFound for a stream that PostgreSQL does not show to its holder.
        What the id does not name came to concern its reader later: that begins where it did.
        Call it, and what it takes to know what is wanted, within `joining`. Once the hub has ended, too: its server
        still answers what it had been asked by then, and a client that is told its place resumes there elsewhere.
        """
        if len(self._clients) >= self._services.settings.streams_max:
            raise Unavailable("no more event streams can be served here")
        lease = await self._lease(wanted.holder)
        try:
            return await self._placed(wanted, lease)
        except BaseException:
            self._give_back(lease)
            raise

    async def _placed(self, wanted: Subscription, lease: Lease | None) -> StreamClient:
        page = await self._read_as(wanted.holder, dict.fromkeys(wanted.streams, 0))
        if unseen := set(wanted.streams) - page.heads.keys():
            raise NotFound("no_such_stream", f"there is no stream {min(unseen)}")
        if page.epoch != self.epoch:
            await self._read()
        cursors, reset = dict(page.heads), ""
        if wanted.last_event_id:
            place = parse(wanted.last_event_id)
            if place is None or place.epoch != page.epoch:
                reset = "epoch"
            elif any(place.cursors.get(stream, 0) > head for stream, head in page.heads.items()):
                reset = "history"
            else:
                cursors |= {stream: seq for stream, seq in place.cursors.items() if stream in cursors}
                if wanted.holder is not None and (joined := cursors.keys() - place.cursors.keys()):
                    cursors |= await begins(self._services, wanted.holder.user_id, joined)
        elif wanted.from_start:
            cursors |= await oldest_cursors(self._services, list(wanted.streams))
        return StreamClient(
            self,
            cursors,
            page,
            reset=reset,
            pairs=wanted.pairs,
            account_ids=wanted.account_ids,
            abort=wanted.abort,
            holder=wanted.holder,
            lease=lease,
        )

    async def _lease(self, holder: Holder | None) -> Lease | None:
        """A stream of the holder's share, where shares are counted. Raises TooMany."""
        if holder is None or self._services.settings.login is Login.LOCAL:
            return None
        return await self._shares.take(holder.name)

    def _give_back(self, lease: Lease | None) -> None:
        if lease is not None:
            self._shares.give_back(lease)

    @contextlib.contextmanager
    def joined(self, client: StreamClient) -> Iterator[None]:
        """Have the client's streams followed, from the heads it was given."""
        for stream in client.cursors:
            self.feeds.setdefault(stream, Feed(client.joined_at.heads[stream]))
        self._clients.add(client)
        if client.lease is not None:
            self._shares.keep(client.lease)
        if client.joined_at.epoch != self.epoch:
            client.reset("epoch", {stream: self.feeds[stream].head for stream in client.cursors})
        STREAM_CLIENTS.set(len(self._clients))
        self._price_bell.set()
        if self._is_ended:
            client.end()
        try:
            yield
        finally:
            self._clients.discard(client)
            self._give_back(client.lease)
            STREAM_CLIENTS.set(len(self._clients))

    def end(self) -> None:
        """End every stream; those of clients still to come end as they have told their place."""
        self._is_ended = True
        for client in self._clients:
            client.end()

    def after(self, cursors: Cursors) -> Chunk:
        """What is at hand after `cursors`; shared, so nobody may change it."""
        return self._chunks.after(self.feeds, self.epoch, cursors)

    async def read_behind(self, after: Cursors, limit: int) -> Page:
        """Events that the feeds no longer hold, for one client at its own pace. Raises psycopg's errors.

        It ends even when the client is gone: a query broken off would take its connection with it.
        """
        reading = asyncio.ensure_future(self._read_behind(after, limit))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(reading)

    async def _read_behind(self, after: Cursors, limit: int) -> Page:
        async with self._behind:
            return await read_events(self._services, after, limit)

    async def _listen(self) -> None:
        prices = {doorbell.prices(market) for market in Market}
        async for streams in doorbell.listen(self._services.redis):
            if not streams.isdisjoint(prices):
                self._price_bell.set()
            if ACCESS_BELL in streams:
                self.identifier.forget()
                self._rights_bell.set()
            if not streams <= prices:
                self._bell.set()

    async def _follow(self) -> None:
        while True:
            await _heard(self._bell, POLL_SECONDS)
            try:
                while await self._read():
                    pass
            except (psycopg.Error, PoolTimeout) as error:
                HUB_FAILURES.inc()
                if self._is_reading_well:
                    log.warning("event_log_unread", reason=str(error))
                self._is_reading_well = False
            else:
                self._is_reading_well = True

    async def _read(self) -> bool:
        """Bring the feeds forward by one page; whether there is more."""
        async with self._reading:
            self._forget()
            feeds = dict(self.feeds)
            page = await read_events(self._services, {stream: feed.head for stream, feed in feeds.items()}, PAGE_EVENTS)
            if page.epoch != self.epoch:
                self._start_over("epoch", page)
                return False
            self._chunks.forget()
            trace(page.events)
            is_whole = all(feeds[event.stream].append(event) for event in page.events)
            if not is_whole or any(page.heads[stream] < feed.head for stream, feed in feeds.items()):
                self._start_over("history", page)
                return False
            grown = {event.stream for event in page.events}
            for client in self._clients:
                if not grown.isdisjoint(client.cursors):
                    client.wake()
            return any(feed.head < page.heads[stream] for stream, feed in feeds.items())

    def _start_over(self, reason: str, page: Page) -> None:
        """The history is another one, or rows have vanished from it: nobody may go on as if nothing were."""
        log.warning("event_streams_reset", reason=reason, epoch=page.epoch, clients=len(self._clients))
        self.epoch = page.epoch
        self._chunks.forget()
        for stream, head in page.heads.items():
            self.feeds[stream] = Feed(head)
        for client in self._clients:
            client.reset(reason, page.heads)

    def _forget(self) -> None:
        """Drop the feeds that nobody follows, and the frames that everybody has."""
        followed = {MARKET_STREAM: self.feeds[MARKET_STREAM].head}
        for client in self._clients:
            for stream, seq in client.cursors.items():
                followed[stream] = min(seq, followed.get(stream, seq))
        self.feeds = {stream: feed for stream, feed in self.feeds.items() if stream in followed}
        for stream, feed in self.feeds.items():
            feed.forget(followed[stream])

    async def _tend(self) -> None:
        """Cut whom nobody reads, and let the others know that their streams are alive."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(POLL_SECONDS)
            now = clock()
            for client in list(self._clients):
                if client.sending_since is None:
                    if now - client.beat_at > BEAT_SECONDS:
                        client.beat(now)
                elif now - client.sending_since > self._stall_seconds:
                    STREAM_CLIENTS_CUT.inc()
                    self._clients.discard(client)
                    client.cut()

    async def _guard(self) -> None:
        """End the streams whose credential holds no longer, or reaches others now: those come back with these.

        Sources that have come to concern a reader are brought from where they did, on the stream that is open.
        """
        while True:
            await _heard(self._rights_bell, RIGHTS_SECONDS)
            with contextlib.suppress(psycopg.Error, PoolTimeout):  # looked at again the next time
                await self._end_unrightful()
                await self._bring_sources()

    async def _end_unrightful(self) -> None:
        present = set(self._clients)
        held = [(client, client.holder) for client in present if client.holder is not None]
        holders = [holder for _, holder in held]
        still = await self.identifier.still(list({holder.via for holder in holders} - {"anonymous"}))
        wanted = frozenset[tuple[int, int]]().union(*(holder.sources for holder in holders))
        readable = await still_readable(self._services, wanted) if wanted else {}
        for client, holder in held:
            reaches = holder.via == "anonymous" or still.get(holder.via) == holder.account_ids
            if not reaches or not all(
                pair in readable and (holder.chose_sources or readable[pair]) for pair in holder.sources
            ):
                client.end()
        if not self._clients <= present:
            self._rights_bell.set()  # nothing was asked about those who have joined meanwhile

    async def _bring_sources(self) -> None:
        readers = [
            (client, client.holder)
            for client in self._clients
            if client.holder is not None and client.holder.user_id and not client.holder.chose_sources
        ]
        concerning = await sources_to_follow(self._services, {holder.user_id for _, holder in readers})
        for client, holder in readers:
            source_ids = {*holder.source_ids, *concerning.get(holder.user_id, ())}
            if len(source_ids) > SOURCES_MAX:
                client.end()  # and comes back with the newest
            elif len(source_ids) > len(holder.source_ids):
                await self._join(client, msgspec.structs.replace(holder, source_ids=tuple(source_ids)))

    async def _join(self, client: StreamClient, holder: Holder) -> None:
        """Have the client read the sources that its holder reaches besides."""
        streams = set(streams_of((), holder.source_ids)) - client.cursors.keys()
        places = await begins(self._services, holder.user_id, streams)
        page = await self._read_as(holder, places)
        if page.epoch != self.epoch or client not in self._clients or places.keys() != page.heads.keys():
            return  # another history, or one that is not shown: looked up again the next time
        for stream in places:
            self.feeds.setdefault(stream, Feed(page.heads[stream]))
        client.holder = holder
        client.join(places)

    async def _read_as(self, holder: Holder | None, after: Cursors) -> Page:
        """The heads of these streams, as far as PostgreSQL shows them to the holder.

        Not by the holder's credential: to nobody in particular, who may bring alerts, more is shown than is theirs.
        """
        with acting_as(Acting((holder.user_id if holder else 0) or None, "stream")):
            return await read_events(self._callers, after, 0)

    async def _follow_prices(self) -> None:
        while True:
            await _heard(self._price_bell, POLL_SECONDS)
            await self._hold_positions()
            pairs = frozenset[Pair]().union(*(client.pairs for client in self._clients))
            if pairs and await self.prices.refresh(pairs):
                for client in self._clients:
                    if client.pairs:
                        client.wake()
            await asyncio.sleep(PRICE_SECONDS)

    async def _hold_positions(self) -> None:
        for account_ids in {client.account_ids for client in self._clients if client.account_ids}:
            with contextlib.suppress(psycopg.Error, PoolTimeout):  # the positions known so far stay
                held = frozenset(await position_pairs(self._services, account_ids))
                for client in self._clients:
                    if client.account_ids == account_ids:
                        client.hold(held)


async def _heard(bell: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await bell.wait()
    bell.clear()
