"""The price cache: the last quote of every pair, for people and commands. Lost, it is back with the next sweep."""

from collections.abc import Iterable, Mapping

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.domain.errors import Unavailable
from services.domain.market import Market, Quote

Field = bytes | bytearray | memoryview | str | int | float
"""What redis-py takes as a hash field or value."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Quote).decode


class PriceCache:
    """One Redis hash a market, a field a symbol. Raises Unavailable when Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def store(self, market: Market, quotes: Mapping[str, Quote]) -> None:
        """Replace what is known of these symbols."""
        if not quotes:
            return
        fields: dict[Field, Field] = {symbol: _encode(quote) for symbol, quote in quotes.items()}
        try:
            await self._redis.hset(_key(market), mapping=fields)
        except RedisError as error:
            raise Unavailable(f"the price cache is away: {error}") from error

    async def one(self, market: Market, symbol: str) -> Quote | None:
        """The last quote of one pair, however old."""
        return (await self.many(market, [symbol])).get(symbol)

    async def many(self, market: Market, symbols: Iterable[str]) -> dict[str, Quote]:
        """The last quotes of these pairs; unknown ones are left out."""
        names = list(symbols)
        if not names:
            return {}
        try:
            values = await self._redis.hmget(_key(market), names)
        except RedisError as error:
            raise Unavailable(f"the price cache is away: {error}") from error
        return {name: _decode(as_bytes(value)) for name, value in zip(names, values, strict=True) if value is not None}

    async def all(self, market: Market) -> dict[str, Quote]:
        """Every quote of a market."""
        try:
            fields = await self._redis.hgetall(_key(market))
        except RedisError as error:
            raise Unavailable(f"the price cache is away: {error}") from error
        return {as_bytes(name).decode(): _decode(as_bytes(value)) for name, value in fields.items()}


def _key(market: Market) -> str:
    return f"prices:{market}"


def as_bytes(value: bytes | str) -> bytes:
    """A Redis answer as bytes: connections of ours never decode, the client's types cannot know that."""
    assert isinstance(value, bytes)
    return value
