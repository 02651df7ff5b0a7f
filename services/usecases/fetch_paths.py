"""Fetch the price paths of a shard: every instrument's bars since its watermark, as far as one message carries.

Closed bars are stored before the path is handed on: what closes on it finds every minute it was held.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from services.binance.errors import Held
from services.coordination import missing, quarantine, timings
from services.coordination.quarantine import Suspect
from services.db import minute_bars, watermarks
from services.db.watermarks import Start
from services.domain.coverage import proven
from services.domain.errors import InvalidData, Unavailable
from services.domain.jump import jumps
from services.domain.market import Market
from services.domain.path import MINUTE, Path, floor_minute
from services.telemetry import FETCH_SECONDS, PATHS
from services.usecases.context import Services

BARS_MAX = 60
"""Bars of one instrument in one message; whoever is further behind is fetched again after the evaluation."""

SETTLE_SECONDS = 0.5
"""How long after its end a bar counts as closed (exchange seconds at normal speed): clocks differ a little."""

BELIEVED_AFTER_SECONDS = 60
"""An impossible-looking jump is believed when a second answer repeats it this much later (exchange seconds)."""

log = structlog.get_logger(__name__)


async def fetch_paths(
    services: Services, market: Market, symbols: Sequence[str], *, tail: bool, purpose: str
) -> list[Path]:
    """The paths of these symbols from their watermarks to now, with the bar in progress if `tail`.

    What cannot be had now (no weight, an outage, impossible prices) is left out and told in the log: the next
    cycle starts at the same watermark. Raises Unavailable when nothing can be asked at all.
    """
    began = time.perf_counter()
    now = await services.clock.now(market)
    settled = floor_minute(now - timedelta(seconds=SETTLE_SECONDS * float(services.settings.market_speed)))
    async with services.pool.connection() as connection:
        starts = await watermarks.starts(connection, market, symbols)
        far = [start.instrument_id for start in starts if start.judged_to < settled - BARS_MAX * MINUTE]
        if far:
            # After an outage nobody needs the hours in which nothing was held.
            await watermarks.skip_idle_to(connection, far, settled - BARS_MAX * MINUTE)
            starts = await watermarks.starts(connection, market, symbols)
    stretches = [stretch for start in starts for stretch in _stretches(start, settled, tail)]
    answers = await asyncio.gather(
        *(_path(services, market, stretch, now, purpose) for stretch in stretches), return_exceptions=True
    )
    paths, left_out, whys = [], dict[str, list[str]](), dict[str, missing.Why]()
    for stretch, answer in zip(stretches, answers, strict=True):
        if isinstance(answer, Path):
            paths.append(answer)
        elif isinstance(answer, Unavailable | InvalidData):
            left_out.setdefault(str(answer), []).append(stretch.start.symbol)
            whys[stretch.start.symbol] = missing.why(_code(answer), str(answer))
        else:
            raise answer
    async with services.pool.connection() as connection:
        await minute_bars.store(connection, paths)
    for reason, names in left_out.items():
        log.warning("paths_not_had", market=market, symbols=names, reason=reason)
    await missing.note(services.redis, market, whys)
    _count(market, len(paths), whys.values())
    seconds = time.perf_counter() - began
    FETCH_SECONDS.labels(market, purpose).observe(seconds)
    if purpose == "ring":
        await timings.note(services.redis, f"ring {market}", seconds)
    return paths


class Quarantined(InvalidData):
    """A jump that waits for a second answer."""


def _code(failure: Unavailable | InvalidData) -> str:
    """What kind of reason keeps a path from being had."""
    if isinstance(failure, Held):
        return "budget"
    if isinstance(failure, Quarantined):
        return "quarantined"
    return "exchange" if isinstance(failure, Unavailable) else "bad_data"


def _count(market: Market, had: int, whys: Iterable[missing.Why]) -> None:
    PATHS.labels(market, "").inc(had)
    for each in whys:
        PATHS.labels(market, each.code).inc()


class _Stretch(msgspec.Struct, frozen=True):
    """What is asked of one instrument: the minutes of [since, end), and the one in progress if `tail`."""

    start: Start
    since: datetime
    end: datetime
    tail: bool


def _stretches(start: Start, settled: datetime, tail: bool) -> Iterator[_Stretch]:
    """From the watermark to now; from a held trade's minute, in the same stretch where one message carries both.

    A trade that is held for longer is caught up in a stretch of its own, so that it never keeps others waiting.
    """
    since = start.judged_to
    if start.held_from is not None and settled - start.held_from < BARS_MAX * MINUTE:
        since = start.start
    elif start.held_from is not None:
        until = min(start.judged_to, start.held_from + BARS_MAX * MINUTE)
        yield _Stretch(start, start.held_from, until, tail=False)
    end = max(since, min(settled, since + BARS_MAX * MINUTE))
    yield _Stretch(start, since, end, tail=tail and end >= settled)


async def _path(services: Services, market: Market, stretch: _Stretch, now: datetime, purpose: str) -> Path:
    start = stretch.start
    if stretch.end == stretch.since and not stretch.tail:
        return Path(start.instrument_id, stretch.since, stretch.end, ())
    answer, newest = await services.exchange.path(
        market,
        start.symbol,
        start.instrument_id,
        start=stretch.since,
        end=stretch.end,
        tail=True,
        purpose=purpose,
    )
    path = proven(answer, newest, now)
    if start.needs_mark:
        path = proven(*await services.exchange.mark_path(path, start.symbol, purpose), now)
    await _check_jumps(services, market, start, path, now)
    fresh = [bar for bar in path.bars if bar.open_time >= start.judged_to]
    last_close = fresh[-1].close if fresh else start.last_close
    tails = [tail for tail in (path.tail, path.mark_tail) if tail is not None]
    if stretch.tail and any(any(jumps([tail], last_close)) for tail in tails):
        # A bar in progress keeps changing, so no second answer can repeat its jump: the finished one will be judged.
        return msgspec.structs.replace(path, tail=None, mark_tail=None, is_withheld=True)
    return path if stretch.tail else msgspec.structs.replace(path, tail=None, mark_tail=None)


async def _check_jumps(services: Services, market: Market, start: Start, path: Path, now: datetime) -> None:
    """Raise InvalidData for a jump in a closed bar that no second answer has repeated yet.

    Bars that were judged before are walked again for trades that are held, so those count as well. The mark price stays
    near the last price, by which it is measured: one wild answer must not liquidate anybody.
    """
    near = start.last_close
    if near is None:  # its first path: all of it may be wild, so that no bar would show it
        quote = await services.prices.one(market, start.symbol)
        near = quote.last if quote is not None else path.bars[0].open if path.bars else None
    seen = now.timestamp()
    fresh = []
    for before, bar in (*jumps(path.bars, near), *jumps(path.mark or (), near)):
        suspect = Suspect(bar.open_time.timestamp(), bar.close, seen)
        first = await quarantine.first_seen(services.redis, market, start.symbol, suspect)
        if seen - first.seen < BELIEVED_AFTER_SECONDS:
            fresh.append(f"{bar.close} after {before}")
    if fresh:
        raise Quarantined(f"quarantined: {start.symbol} at {', '.join(fresh)}, asked again")
