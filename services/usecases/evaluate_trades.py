"""Evaluate a batch of paths: judge, fetch the finer data that held trades wait for, judge those again, tell."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from services.coordination import doorbell, missing
from services.db import cycles, instruments
from services.domain.judge import Need
from services.domain.market import Instrument, InstrumentStatus, Market
from services.domain.path import MINUTE, Bar, Finer, Path
from services.domain.shards import Batch
from services.telemetry import EVALUATION_SECONDS, HELD
from services.usecases.context import Services
from services.usecases.faults import FAULTS
from services.usecases.fetch_paths import BARS_MAX
from services.usecases.finer_data import fetch_finer
from services.usecases.judge_paths import FinerData, Judged, judge_paths

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
    began = time.perf_counter()
    async with services.pool.connection() as connection:
        known = await instruments.by_ids(connection, [path.instrument_id for path in paths])
    judged = Judged()
    for part in _parts(paths):
        await _judge_part(services, part, known, judged)
    if batch is not None:
        async with services.pool.connection() as connection:
            done = {path.instrument_id for path in paths} - set(judged.gaps)
            trading = [id_ for id_ in done if id_ in known and known[id_].status is InstrumentStatus.TRADING]
            await cycles.evaluated(connection, batch, len(trading))
    if judged.gaps:
        await _tell_gaps(services, [known[id_] for id_ in judged.gaps if id_ in known])
    held = sum(map(len, judged.needs.values()))
    if judged.opened or judged.closed or held:
        log.info("evaluated", opened=judged.opened, closed=judged.closed, waiting_for_finer_data=held, pairs=len(paths))
    EVALUATION_SECONDS.observe(time.perf_counter() - began)
    HELD.inc(held)
    return Evaluated(judged.opened, judged.closed, held, _behind(paths, judged, known))


async def _tell_gaps(services: Services, instruments_: Sequence[Instrument]) -> None:
    log.warning("path_gap", instruments=[str(each) for each in instruments_])
    reason = missing.why("gap", "the path did not reach back to the watermark")
    for market in Market:
        await missing.note(
            services.redis, market, {each.symbol: reason for each in instruments_ if each.market is market}
        )


def _parts(paths: Sequence[Path]) -> list[list[Path]]:
    """The paths in order, parted so that each part has one an instrument."""
    parts: list[list[Path]] = []
    count: dict[int, int] = {}
    for path in paths:
        number = count.get(path.instrument_id, 0)
        count[path.instrument_id] = number + 1
        if number == len(parts):
            parts.append([])
        parts[number].append(path)
    return parts


async def _judge_part(
    services: Services, paths: Sequence[Path], known: Mapping[int, Instrument], total: Judged
) -> None:
    """Judge, and judge again with the finer data that trades wait for, while there is any; added to `total`."""
    judged = await _judge(services, paths, {}, known)
    await doorbell.ring(services.redis, judged.streams)
    gaps = judged.gaps
    total.add(judged)
    finer: dict[int, dict[datetime, Finer]] = {}
    for _ in range(ROUNDS_MAX):
        needs = _within(judged, paths, known)
        fresh = await fetch_finer(services, needs, finer, _bars_of(judged, paths)) if needs else {}
        if not fresh:
            break
        for id_, minutes in fresh.items():
            finer.setdefault(id_, {}).update(minutes)
        judged = await _judge(services, [path for path in paths if path.instrument_id in fresh], finer, known)
        await doorbell.ring(services.redis, judged.streams)
        total.add(judged)
    total.gaps += gaps
    for id_, wanted in judged.needs.items():
        total.needs.setdefault(id_, set()).update(wanted)


async def _judge(
    services: Services, paths: Sequence[Path], finer: FinerData, known: Mapping[int, Instrument]
) -> Judged:
    """Judge together, or, where one instrument's data break a rule of ours or the database's, each alone.

    The culprit stays where it is and is told in the log; its lag shows. The others go on.
    """
    try:
        return await judge_paths(services.pool, paths, finer)
    except FAULTS as fault:
        if len(paths) == 1:
            log.exception("not_judged", instrument=str(known.get(paths[0].instrument_id)), fault=str(fault))
            return Judged()
    total = Judged()
    for path in paths:
        judged = await _judge(services, [path], finer, known)
        total.add(judged)
        total.gaps += judged.gaps
        total.needs |= judged.needs
    return total


def _within(judged: Judged, paths: Sequence[Path], known: Mapping[int, Instrument]) -> dict[Instrument, set[Need]]:
    """The needs that these paths can satisfy: a minute before the path is the next fetch's work."""
    starts = {path.instrument_id: path.start for path in paths}
    needs = {
        known[id_]: {need for need in wanted if need.minute >= starts[id_]} for id_, wanted in judged.needs.items()
    }
    return {instrument: wanted for instrument, wanted in needs.items() if wanted}


def _bars_of(judged: Judged, paths: Sequence[Path]) -> dict[tuple[int, datetime], Bar]:
    """The closed bars of the minutes that are needed finer."""
    return {
        (path.instrument_id, bar.open_time): bar
        for path in paths
        for minutes in [{need.minute for need in judged.needs.get(path.instrument_id, ())}]
        for bar in path.bars
        if bar.open_time in minutes
    }


def _behind(paths: Sequence[Path], judged: Judged, known: Mapping[int, Instrument]) -> dict[Market, list[str]]:
    """Symbols whose watermark has moved by a whole message: there is more to fetch at once."""
    behind: dict[Market, list[str]] = {}
    for path in paths:
        if path.end - path.start >= BARS_MAX * MINUTE and judged.moved.get(path.instrument_id) == path.end:
            instrument = known[path.instrument_id]
            behind.setdefault(instrument.market, []).append(instrument.symbol)
    return behind
