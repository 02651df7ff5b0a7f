"""What a client of the event stream asks for, and who it is."""

from collections.abc import Callable

import msgspec

from api.price_board import Pair


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a stream: their name for counting, their credential, and the accounts and sources that it reached.

    user_id is 0 for nobody; chose_sources: the sources were named, else they are those that concern the user.
    """

    name: str
    via: str
    user_id: int
    account_ids: tuple[int, ...]
    source_ids: tuple[int, ...]
    chose_sources: bool

    @property
    def sources(self) -> frozenset[tuple[int, int]]:
        """What is to be asked: whether this user may read these sources."""
        return frozenset((self.user_id, id_) for id_ in self.source_ids)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; `account_ids` only where live prices of positions are wanted."""

    streams: tuple[str, ...]
    last_event_id: str = ""
    from_start: bool = False
    pairs: frozenset[Pair] = frozenset()
    account_ids: tuple[int, ...] = ()
    abort: Callable[[], None] = lambda: None
    holder: Holder | None = None
