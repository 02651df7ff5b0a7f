"""The price cache: the last quote of every pair, for people and commands. Lost, it is back with the next sweep.

People trade at these prices, so a jump is not believed at once: the symbol keeps its last quote, which ages, until
a sweep a minute later still says the same.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import structlog
from redis.asyncio import Redis

from services.coordination.scripts import as_bytes, script, unavailable_without_redis
from services.coordination.shared_clock import SharedClock, ahead
from services.domain.jump import JUMP_FACTOR
from services.domain.market import Market, Quote

BELIEVED_AFTER = timedelta(minutes=1)
"""Exchange time for which a jump must last."""

REFERENCE_AGE_MAX = timedelta(hours=1)
"""Exchange time after which a last quote says nothing about the next one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Quote).decode

log = structlog.get_logger(__name__)


class PriceCache:
    """One Redis hash a market, a field a symbol. All methods raise Unavailable when Redis is away.

    `speed` is exchange seconds per wall second. Times are this machine's; the cache keeps them in Redis' time, so that
    a quote is as old to everybody, whatever their clocks say.
    """

    def __init__(self, redis: Redis, speed: Decimal = Decimal(1), clock: SharedClock | None = None) -> None:
        self._redis = redis
        self._clock = clock or SharedClock()
        self._store = script(redis, "store_quotes")
        self._believed_after = BELIEVED_AFTER / float(speed)
        self._reference_age_max = REFERENCE_AGE_MAX / float(speed)

    async def store(self, market: Market, quotes: Mapping[str, Quote]) -> None:
        """Keep a sweep's quotes, except doubted ones, unless a later sweep is there. Others stay as they are."""
        quotes = _moved(quotes, await ahead(self._redis, self._clock))
        doubted = await self._doubted(market, quotes)
        believed = {symbol: quote for symbol, quote in quotes.items() if symbol not in doubted}
        if not believed:
            return
        asked_at = (min(quote.asked_at for quote in believed.values()) - _EPOCH) // _MICROSECOND
        arguments: list[str | bytes | int] = [asked_at]
        for symbol, quote in believed.items():
            arguments += (symbol, _encode(quote))
        with unavailable_without_redis():
            await self._store(keys=[_key(market), f"{_key(market)}:asked_at"], args=arguments)

    async def one(self, market: Market, symbol: str) -> Quote | None:
        """The last quote of one pair, however old."""
        return (await self.many(market, [symbol])).get(symbol)

    async def many(self, market: Market, symbols: Iterable[str]) -> dict[str, Quote]:
        """The last quotes of these pairs; unknown ones are left out."""
        names = list(symbols)
        if not names:
            return {}
        with unavailable_without_redis():
            values = await self._redis.hmget(_key(market), names)
        found = zip(names, values, strict=True)
        return await self._here({name: _decode(as_bytes(value)) for name, value in found if value is not None})

    async def all(self, market: Market) -> dict[str, Quote]:
        """Every quote of a market."""
        return await self._here(await self._read(_key(market)))

    async def swept_at(self, market: Market) -> datetime | None:
        """When the last sweep's quotes were asked for (wall clock); None before the first."""
        with unavailable_without_redis():
            asked_us = await self._redis.get(f"{_key(market)}:asked_at")
        return (
            None if asked_us is None else _EPOCH + int(asked_us) * _MICROSECOND - await ahead(self._redis, self._clock)
        )

    async def doubted(self, market: Market) -> dict[str, Quote]:
        """The quotes that are not believed yet, as first seen; for operators."""
        return await self._here(await self._read(_doubts_key(market)))

    async def _doubted(self, market: Market, quotes: Mapping[str, Quote]) -> set[str]:
        """The symbols of `quotes` not to believe now; what was first seen of them is noted."""
        last, doubts = await self._read(_key(market)), await self._read(_doubts_key(market))
        suspects = [symbol for symbol, quote in quotes.items() if self._is_jump(last.get(symbol), quote)]
        settled = [symbol for symbol in quotes if symbol in doubts and symbol not in suspects]
        doubted, first_seen = set(), dict[bytes | bytearray | memoryview | str | int | float, bytes]()
        for symbol in suspects:
            quote, first = quotes[symbol], doubts.get(symbol)
            if first is None or _is_far(first, quote):
                first_seen[symbol] = _encode(quote)
                doubted.add(symbol)
            elif quote.asked_at - first.asked_at < self._believed_after:
                doubted.add(symbol)
            else:
                settled.append(symbol)
        with unavailable_without_redis():
            if settled:
                await self._redis.hdel(_doubts_key(market), *settled)
            if first_seen:
                log.warning("quotes_doubted", market=market, symbols=sorted(map(str, first_seen)))
                await self._redis.hset(_doubts_key(market), mapping=dict(first_seen))
        return doubted

    def _is_jump(self, last: Quote | None, quote: Quote) -> bool:
        return last is not None and quote.asked_at - last.asked_at <= self._reference_age_max and _is_far(last, quote)

    async def _here(self, quotes: Mapping[str, Quote]) -> dict[str, Quote]:
        """Stored quotes with their times as this machine's clock has them."""
        return _moved(quotes, -await ahead(self._redis, self._clock))

    async def _read(self, key: str) -> dict[str, Quote]:
        with unavailable_without_redis():
            fields = await self._redis.hgetall(key)
        return {as_bytes(name).decode(): _decode(as_bytes(value)) for name, value in fields.items()}


def _moved(quotes: Mapping[str, Quote], by: timedelta) -> dict[str, Quote]:
    """The quotes, asked for so much later: in another clock's time. Those of a sweep share one time, and one sum."""
    times = {asked_at: asked_at + by for asked_at in {quote.asked_at for quote in quotes.values()}}
    return {symbol: Quote(quote.bid, quote.ask, quote.last, times[quote.asked_at]) for symbol, quote in quotes.items()}


def _is_far(last: Quote, quote: Quote) -> bool:
    """Whether any price of `quote` is more than JUMP_FACTOR above or below the last one."""
    prices = (quote.last, quote.bid, quote.ask)
    return max(prices) > last.last * JUMP_FACTOR or min(prices) * JUMP_FACTOR < last.last


def _key(market: Market) -> str:
    return f"prices:{market}"


def _doubts_key(market: Market) -> str:
    return f"prices:{market}:doubted"
