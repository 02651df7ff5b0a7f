"""Evaluate a batch of paths: judge, fetch the finer data that held trades wait for, judge those again, tell."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from services.coordination import doorbell
from services.db import cycles, instruments
from services.domain.judge import Need
from services.domain.market import Instrument, Market
from services.domain.path import MINUTE, Finer, Path
from services.domain.shards import Batch
from services.usecases.context import Services
from services.usecases.fetch_paths import BARS_MAX
from services.usecases.finer_data import fetch_finer
from services.usecases.judge_paths import Judged, judge_paths

ROUNDS_MAX = 8
"""Passes with finer data over one batch; trades that need still more stay held until the next cycle."""

log = structlog.get_logger(__name__)


class Evaluated(msgspec.Struct):
    """What an evaluation came to. `behind` are symbols by market whose path goes on beyond this message."""

    opened: int
    closed: int
    held: int
    behind: dict[Market, list[str]]


async def evaluate_trades(services: Services, paths: Sequence[Path], batch: Batch | None = None) -> Evaluated:
    """Judge `paths`; any number of repetitions, late ones included, changes nothing more."""
    judged = await judge_paths(services.pool, paths)
    gaps = judged.gaps
    opened, closed, streams = judged.opened, judged.closed, set(judged.streams)
    async with services.pool.connection() as connection:
        known = await instruments.by_ids(connection, [path.instrument_id for path in paths])
    finer: dict[int, dict[datetime, Finer]] = {}
    for _ in range(ROUNDS_MAX):
        needs = _within(judged, paths, known)
        if not needs:
            break
        fresh = await fetch_finer(services, needs, finer)
        if not fresh:
            break
        for id_, minutes in fresh.items():
            finer.setdefault(id_, {}).update(minutes)
        judged = await judge_paths(services.pool, [path for path in paths if path.instrument_id in fresh], finer)
        opened, closed = opened + judged.opened, closed + judged.closed
        streams |= judged.streams
    await doorbell.ring(services.redis, streams)
    if batch is not None:
        async with services.pool.connection() as connection:
            await cycles.evaluated(connection, batch, len(paths) - len(gaps))
    if gaps:
        log.warning("path_gap", instruments=[str(known[id_]) for id_ in gaps if id_ in known])
    held = sum(map(len, judged.needs.values()))
    if opened or closed or held:
        log.info("evaluated", opened=opened, closed=closed, waiting_for_finer_data=held, pairs=len(paths))
    return Evaluated(opened, closed, held, _behind(paths, known))


def _within(judged: Judged, paths: Sequence[Path], known: dict[int, Instrument]) -> dict[Instrument, set[Need]]:
    """The needs that these paths can satisfy: a minute before the path is the next fetch's work."""
    starts = {path.instrument_id: path.start for path in paths}
    needs = {
        known[id_]: {need for need in wanted if need.minute >= starts[id_]} for id_, wanted in judged.needs.items()
    }
    return {instrument: wanted for instrument, wanted in needs.items() if wanted}


def _behind(paths: Sequence[Path], known: dict[int, Instrument]) -> dict[Market, list[str]]:
    behind: dict[Market, list[str]] = {}
    for path in paths:
        if path.end - path.start >= BARS_MAX * MINUTE and path.instrument_id in known:
            instrument = known[path.instrument_id]
            behind.setdefault(instrument.market, []).append(instrument.symbol)
    return behind
