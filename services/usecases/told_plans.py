"""The plans that a source's signals ask for, to be tried again, and the trades that really came of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from services.db import sources, told_signals, trades
from services.db.pool import Connection
from services.db.told_signals import ToldSignal
from services.domain.errors import PaperfleetError
from services.domain.plan import EntryType, Target
from services.domain.signal import Level
from services.domain.source import SourceSettings
from services.domain.trade import Trade
from services.usecases.replay_plans import PlanLine, outcome
from services.usecases.trial import Tried

DEFAULT_SIZE = Decimal(100)
_LOADED_AT_ONCE = 1000


class NoSuchSource(PaperfleetError):
    """There is no source of that name, or there are several. The message says which to give."""


class Percents(msgspec.Struct, frozen=True):
    """Levels of a plan that are percentages of the price at which it is entered; None: it has a price of its own."""

    stop_loss: Decimal | None
    targets: tuple[Decimal | None, ...]


class Told(msgspec.Struct, frozen=True):
    """A source's plans by time. Those in `percents` (by id) have levels that wait for the price of their entry."""

    plans: tuple[PlanLine, ...]
    percents: Mapping[str | int, Percents]
    problems: tuple[str, ...]


async def plans_of_source(connection: Connection, source: str, since: datetime | None, until: datetime | None) -> Told:
    """What the source of that name or id told, as its settings of today have it traded. Raises NoSuchSource."""
    source_id = await _source_id(connection, source)
    settings = (await sources.load(connection, [source_id]))[source_id].settings
    plans, percents, problems = list[PlanLine](), dict[str | int, Percents](), list[str]()
    for signal in await told_signals.told_signals(connection, source_id, since, until):
        entry_type = settings.entry_type or signal.entry_type or EntryType.MARKET
        limit = signal.entry_price if entry_type is EntryType.LIMIT else None
        if entry_type is EntryType.LIMIT and limit is None:
            problems.append(f"signal {signal.id}: a LIMIT entry is wanted, and it tells no price")
            continue
        if limit is None and _has_percents(signal):
            percents[signal.id] = Percents(signal.stop_loss_percent, tuple(each.percent for each in signal.targets))
        plans.append(_plan(signal, limit, settings))
    return Told(tuple(plans), percents, (*await _left_out(connection, source_id, since, until), *problems))


async def _left_out(
    connection: Connection, source_id: int, since: datetime | None, until: datetime | None
) -> list[str]:
    entries, exits = await told_signals.told_counts(connection, source_id, since, until)
    told = []
    if exits:
        told.append(f"{exits:,} exits of the source are left out: they end trades, there is nothing to try again")
    if entries > told_signals.MOST:
        told.append(f"the first {told_signals.MOST:,} of {entries:,} signals are tried: narrow --since and --until")
    return told


async def _source_id(connection: Connection, source: str) -> int:
    found = await told_signals.sources_named(connection, source)
    if not found:
        raise NoSuchSource(f"there is no source {source!r}; GET /api/sources/ lists sources")
    if len(found) > 1:
        listed = ", ".join(f"{each.id} (of {each.owner})" for each in found)
        raise NoSuchSource(f"several users have a source named {source!r}: give the id of one, {listed}")
    return found[0].id


def _has_percents(signal: ToldSignal) -> bool:
    return signal.stop_loss is None or any(level.price is None for level in signal.targets)


_UNKNOWN = Decimal(1)  # stands where a price will be, until the entry is known


def _plan(signal: ToldSignal, limit: Decimal | None, settings: SourceSettings) -> PlanLine:
    sign, entry = signal.direction.sign, limit or _UNKNOWN
    caps = [cap for cap in (settings.leverage_max,) if cap is not None]
    return PlanLine(
        id=signal.id,
        market_type=signal.market,
        symbol=signal.symbol,
        direction=signal.direction,
        entry_type=EntryType.MARKET if limit is None else EntryType.LIMIT,
        entry_price=limit,
        stop_loss=signal.stop_loss or beside(entry, -sign, signal.stop_loss_percent),
        take_profits=tuple(Target(_price(level, entry, sign), level.fraction) for level in signal.targets),
        rules=signal.rules if limit is not None else signal.rules.at_market(),
        position_size=signal.position_size or settings.position_size or DEFAULT_SIZE,
        leverage=min([signal.leverage or 1, *caps]),
        opened_at=signal.signal_time.astimezone(UTC),
    )


def _price(level: Level, entry: Decimal, sign: int) -> Decimal:
    return beside(entry, sign, level.percent) if level.price is None else level.price


def beside(entry: Decimal, sign: int, percent: Decimal | None) -> Decimal:
    """The price `percent` of `entry` above it (sign 1) or below it (-1)."""
    return entry * (1 + sign * (percent or Decimal(0)) / 100)


def priced(line: PlanLine, percents: Percents, entry: Decimal) -> PlanLine:
    """The plan with its percentages taken of `entry`, the price in USDT at which it enters the market."""
    sign = line.direction.sign
    targets = zip(line.take_profits, percents.targets, strict=True)
    return msgspec.structs.replace(
        line,
        stop_loss=line.stop_loss if percents.stop_loss is None else beside(entry, -sign, percents.stop_loss),
        take_profits=tuple(
            target if percent is None else Target(beside(entry, sign, percent), target.fraction)
            for target, percent in targets
        ),
    )


async def trades_of(connection: Connection, plans: Sequence[PlanLine]) -> list[Tried]:
    """The trades that came of these plans' signals on the accounts of the source's owner, as they stand."""
    ids = await told_signals.traded(connection, [each.id for each in plans if isinstance(each.id, int)])
    found = []
    for start in range(0, len(ids), _LOADED_AT_ONCE):
        found += await trades.load(connection, ids[start : start + _LOADED_AT_ONCE])
    return [_tried(each.trade) for each in found]


def _tried(trade: Trade) -> Tried:
    plan = trade.plan
    signal_id = trade.label.signal_id
    assert signal_id is not None
    line = PlanLine(
        id=signal_id,
        market_type=trade.instrument.market,
        symbol=trade.instrument.symbol,
        direction=plan.direction,
        entry_type=plan.entry_type,
        entry_price=plan.limit_price,
        stop_loss=plan.stop_loss,
        take_profits=plan.targets,
        rules=plan.rules,
        position_size=plan.position_size,
        leverage=plan.leverage,
        opened_at=trade.label.created_at,
    )
    return Tried(line, outcome(signal_id, trade))
