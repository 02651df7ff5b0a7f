"""An event stream as a place that moves: what to ask for, what lines mean, when to come back. No input or output here.

A stream ends whenever the API restarts, a proxy tires or a network breaks. Follower knows how far its reader has come
and asks for what comes after: the reader sees one stream, without gap or repeat.
"""

import random
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from paperfleet.client.answers.account import Account
from paperfleet.client.answers.market import Price
from paperfleet.client.answers.signal import Signal
from paperfleet.client.answers.trade import Trade
from paperfleet.client.errors import MALFORMED, BadAnswer, ClientError, TooMany, Unavailable, Unreachable

SILENCE_SECONDS = 45.0
"""The API beats every 15 s: after this long without a byte the connection is dead."""
BEAT = "beat"
"""Events of this type say nothing but that the stream is alive, and are kept from its reader."""
WAIT_SECONDS_MAX = 30.0
ACCEPT = "text/event-stream"


class Event(msgspec.Struct, frozen=True):
    """One event.

    id      the place in the stream after it, for `last_event_id`; empty for prices, which have none
    type    paper_trade, signal, account, instrument, system, price; or reset: the place asked for is gone (the database
            was restored, or it is older than 30 days), read the lists anew
    action  created, opened, updated, closed, cancelled and others, by type
    data    all of it, as it was sent
    """

    id: str
    type: str
    action: str
    data: dict[str, Any]

    @property
    def trade(self) -> Trade | None:
        """The trade that the event is about."""
        return msgspec.convert(self.data["trade"], Trade) if "trade" in self.data else None

    @property
    def signal(self) -> Signal | None:
        """The signal that the event is about."""
        return msgspec.convert(self.data["signal"], Signal) if "signal" in self.data else None

    @property
    def price(self) -> Price | None:
        """The price, of events of that type."""
        return msgspec.convert(self.data["price"], Price) if "price" in self.data else None

    @property
    def account(self) -> Account | None:
        """The account, where the event tells all of it."""
        return msgspec.convert(self.data["account"], Account) if "account" in self.data else None


class Follower:
    """One reader's place in the stream, over as many connections as it takes.

    on_lost  is told why the stream broke, and in how many seconds it is asked for again
    """

    def __init__(
        self,
        *,
        prices: Iterable[str] = (),
        sources: Iterable[int] = (),
        account_ids: Iterable[int] = (),
        last_event_id: str = "",
        from_start: bool = False,
        on_lost: Callable[[str, float], None] = lambda reason, seconds: None,
    ) -> None:
        self.last_event_id = last_event_id
        self._query: dict[str, str | list[str]] = {
            "prices": ",".join(prices),
            "sources": [str(id_) for id_ in sources],
            "account_ids": [str(id_) for id_ in account_ids],
        }
        self._from_start = from_start
        self._on_lost = on_lost
        self._was_connected = False
        self._failures = 0
        self._wait = 1.0
        self._fields: dict[str, str] = {}

    def query(self) -> dict[str, str | list[str]]:
        """The parameters of the next connection."""
        wanted = {name: value for name, value in self._query.items() if value}
        if self._from_start and not self.last_event_id:
            wanted["from"] = "start"
        return wanted

    def headers(self) -> dict[str, str]:
        """The headers of the next connection."""
        return {"Accept": ACCEPT} | ({"Last-Event-ID": self.last_event_id} if self.last_event_id else {})

    def feed(self, line: str) -> Event | None:
        """The event that `line` completes, if it does. Raises BadAnswer for one that no paperfleet API sends."""
        self._was_connected, self._failures = True, 0
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data" and "data" in self._fields:
                value = f"{self._fields['data']}\n{value}"
            if name == "retry" and value.isdecimal():
                self._wait = min(float(value) / 1000, WAIT_SECONDS_MAX)
            elif name:
                self._fields[name] = value
            return None
        fields, self._fields = self._fields, {}
        self.last_event_id = fields.get("id", self.last_event_id)
        if "data" not in fields:
            return None
        type_, data = fields.get("event", "message"), _data(fields["data"])
        if type_ == BEAT:
            return None
        return Event(fields.get("id", ""), type_, str(data.get("action", "")), data)

    def lost(self, error: ClientError | None) -> float:
        """For how many seconds to wait before the next connection. Raises what asking again does not mend."""
        self._fields = {}  # what the break has cut in two comes again, whole
        is_passing = error is None or isinstance(error, (Unreachable, Unavailable, TooMany))
        if error is not None and not (is_passing and self._was_connected):
            raise error
        told = getattr(error, "retry_after", 0.0)
        longest = min(self._wait * 2**self._failures, WAIT_SECONDS_MAX)
        self._failures = min(self._failures + 1, 10)
        seconds: float = max(told, longest * random.uniform(0.5, 1))
        self._on_lost("the stream ended" if error is None else str(error), seconds)
        return seconds


def _data(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except MALFORMED as error:
        raise BadAnswer(f"an event's data is no JSON object: {error}") from error
