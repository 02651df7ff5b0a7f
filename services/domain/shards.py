"""Sharding of symbols into batches: by a stable hash, so that a pair stays put when others are listed."""

from collections.abc import Collection, Iterable
from datetime import datetime
from zlib import crc32

import msgspec

from services.domain.market import Market

SYMBOLS_MAX = 50
_SYMBOLS_AIMED = 36


class Shard(msgspec.Struct, frozen=True):
    """A batch of one market: at most 50 symbols.

    `answering` of them trade, so that their paths must come; of a suspended pair the exchange may refuse it.
    """

    market: Market
    number: int
    symbols: tuple[str, ...]
    answering: int


class Batch(msgspec.Struct, frozen=True):
    """Which shard of which cycle a message belongs to."""

    slot: datetime
    market: Market
    shard: int


def shards(market: Market, symbols: Iterable[str], suspended: Collection[str] = ()) -> list[Shard]:
    """The shards of a market's symbols, each of at most 50; `suspended` are those of them that do not trade.

    The number of buckets is a power of two that puts about 36 symbols into one, so growth only ever splits a
    bucket in half. A bucket that chance has filled beyond 50 is cut.
    """
    names = sorted(symbols)
    count = 1
    while len(names) > count * _SYMBOLS_AIMED:
        count *= 2
    buckets: list[list[str]] = [[] for _ in range(count)]
    for name in names:
        buckets[crc32(name.encode()) % count].append(name)
    cut = [
        tuple(bucket[start : start + SYMBOLS_MAX]) for bucket in buckets for start in range(0, len(bucket), SYMBOLS_MAX)
    ]
    return [Shard(market, number, part, sum(name not in suspended for name in part)) for number, part in enumerate(cut)]
