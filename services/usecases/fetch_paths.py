"""Fetch the price paths of a shard: every instrument's bars since its watermark, as far as one message carries."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.db import instruments, watermarks
from services.db.watermarks import Start
from services.domain.coverage import proven
from services.domain.errors import InvalidData, Unavailable
from services.domain.jump import first_jump
from services.domain.market import Market
from services.domain.path import MINUTE, Path, floor_minute
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
    now = await services.clock.now(market)
    settled = floor_minute(now - timedelta(seconds=SETTLE_SECONDS * float(services.settings.market_speed)))
    async with services.pool.connection() as connection:
        found = await instruments.by_symbols(connection, market, symbols)
        ids = [instrument.id for instrument in found]
        starts = await watermarks.starts(connection, ids)
        far = [start.instrument_id for start in starts if start.start < settled - BARS_MAX * MINUTE]
        if far:
            # After an outage nobody needs the hours in which nothing was held.
            await watermarks.skip_idle_to(connection, far, settled - BARS_MAX * MINUTE)
            starts = await watermarks.starts(connection, ids)
    answers = await asyncio.gather(
        *(_path(services, market, start, settled, now, tail, purpose) for start in starts), return_exceptions=True
    )
    paths, missing = [], dict[str, list[str]]()
    for start, answer in zip(starts, answers, strict=True):
        if isinstance(answer, Path):
            paths.append(answer)
        elif isinstance(answer, Unavailable | InvalidData):
            missing.setdefault(str(answer), []).append(start.symbol)
        else:
            raise answer
    for reason, names in missing.items():
        log.warning("paths_not_had", market=market, symbols=names, reason=reason)
    return paths


async def _path(
    services: Services, market: Market, start: Start, settled: datetime, now: datetime, tail: bool, purpose: str
) -> Path:
    end = max(start.start, min(settled, start.start + BARS_MAX * MINUTE))
    if end == start.start and not tail:
        return Path(start.instrument_id, end, end, ())
    answer = await services.exchange.path(
        market, start.symbol, start.instrument_id, start=start.start, end=end, tail=True, purpose=purpose
    )
    path = proven(answer, now)
    await _check_jumps(services, market, start, path, now)
    # A bar in progress keeps changing, so no second answer can repeat a jump in it: the finished one will be judged.
    wild = path.tail is not None and first_jump((*path.bars, path.tail), start.last_close) is path.tail
    if wild or not tail or end < settled:
        path = msgspec.structs.replace(path, tail=None)
    return path


async def _check_jumps(services: Services, market: Market, start: Start, path: Path, now: datetime) -> None:
    """Raise InvalidData for a jump in a closed bar that no second answer has repeated yet."""
    jump = first_jump(path.bars, start.last_close)
    if jump is None:
        return
    seen = now.timestamp()
    suspect = Suspect(jump.open_time.timestamp(), jump.close, seen)
    first = await quarantine.first_seen(services.redis, market, start.symbol, suspect)
    if seen - first.seen < BELIEVED_AFTER_SECONDS:
        raise InvalidData(f"quarantined: {start.symbol} at {jump.close} after {start.last_close}, asked again")
