"""What if recorded signals had had other stops, targets, fees or fills? Tried over the same candles, side by side."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from services.db import told_signals
from services.db.pool import Connection
from services.db.told_signals import ToldSignal
from services.domain.errors import PaperfleetError, Refused
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.plan import EntryType, Target
from services.domain.planning import check_plan, on_grid
from services.domain.signal import Level
from services.domain.what_if import Changes, changed
from services.usecases.replay_plans import PlanLine, problem, read_plan
from services.usecases.replay_recording import UNREADABLE, Recorded, open_folder
from services.usecases.trial import Key, Progress, Summary, Trial, run_trial, summarize

DEFAULT_SIZE = Decimal(100)


class WhatIfError(PaperfleetError):
    """Nothing can be compared: folder or signals are not usable. The message says what to do."""


class Terms(msgspec.Struct, frozen=True):
    """How orders are filled, and what they cost."""

    fill_model: FillModel
    fees: Mapping[Market, FeeRates]


class WhatIf(msgspec.Struct, frozen=True):
    """Both trials with their figures. `otherwise` counts signals whose trade ended in another way or price."""

    was: Trial
    would: Trial
    was_summary: Summary
    would_summary: Summary
    otherwise: int
    problems: tuple[str, ...]


def read_plans(path: Path) -> tuple[list[PlanLine], list[str]]:
    """The plans of a file, one JSON object a line: as a replay has them, or as `backtest --trades` writes them.

    What is wrong with a line is told by number, field and rule; the others are read. Raises OSError.
    """
    plans, problems = list[PlanLine](), list[str]()
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                plans.append(read_plan(_plan_of(line)))
            except Refused as error:
                problems.append(problem(number, error))
    return plans, problems


def _plan_of(line: bytes) -> bytes:
    try:
        fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return line  # read_plan tells what is wrong with it
    return bytes(fields["plan"]) if "plan" in fields else line


async def plans_of_source(
    connection: Connection, source: str, since: datetime | None, until: datetime | None
) -> tuple[list[PlanLine], list[str]]:
    """The plans that a source's signals asked for, and which of them have no price levels to try."""
    plans, problems = list[PlanLine](), list[str]()
    for signal in await told_signals.told_signals(connection, source, since, until):
        plan = _plan(signal)
        if plan is None:
            problems.append(f"signal {signal.id}: its levels are percentages of a price it does not tell")
        else:
            plans.append(plan)
    return plans, problems


def _plan(signal: ToldSignal) -> PlanLine | None:
    entry, sign = signal.entry_price, signal.direction.sign
    stop = signal.stop_loss
    if stop is None and entry is not None and signal.stop_loss_percent is not None:
        stop = entry * (1 - sign * signal.stop_loss_percent / 100)
    prices = [_price(level, entry, sign) for level in signal.targets]
    if stop is None or None in prices:
        return None
    is_limit = signal.entry_type is EntryType.LIMIT and entry is not None
    return PlanLine(
        id=signal.id,
        market_type=signal.market,
        symbol=signal.symbol,
        direction=signal.direction,
        entry_type=EntryType.LIMIT if is_limit else EntryType.MARKET,
        entry_price=entry if is_limit else None,
        stop_loss=stop,
        take_profits=tuple(
            Target(price, level.fraction) for price, level in zip(prices, signal.targets, strict=True) if price
        ),
        rules=signal.rules,
        position_size=signal.position_size or DEFAULT_SIZE,
        leverage=signal.leverage or 1,
        opened_at=signal.signal_time.astimezone(UTC),
    )


def _price(level: Level, entry: Decimal | None, sign: int) -> Decimal | None:
    if level.price is not None:
        return level.price
    return None if entry is None or level.percent is None else entry * (1 + sign * level.percent / 100)


def what_if(
    data: Path,
    plans: Sequence[PlanLine],
    changes: Changes,
    was: Terms,
    would: Terms,
    capital: Decimal,
    tried_was: Progress,
    tried_would: Progress,
) -> WhatIf:
    """Try `plans` as they are under `was`, then with `changes` under `would`. Raises WhatIfError.

    Distances are from the price at which a plan was entered; one that never was stays as it is. One that the changes
    make impossible is told in the problems, and in neither trial: both are about the same signals.
    """
    if not plans:
        raise WhatIfError("there are no signals to try")
    try:
        recordings = open_folder(data)
    except UNREADABLE as error:
        raise WhatIfError(str(error)) from error
    first = run_trial(recordings, plans, was.fill_model, tried_was, fees=was.fees)
    others, problems = list[PlanLine](), list(first.problems)
    kept = []
    for each in first.tried:
        entry = each.outcome.entry_price
        line = each.plan if entry is None else _changed(each.plan, Decimal(entry), changes)
        refusal = _refusal(line, recordings)
        if refusal is not None:
            problems.append(f"{line.id}: {refusal}")
            continue
        kept.append(each)
        others.append(line)
    second = run_trial(recordings, others, would.fill_model, tried_would, fees=would.fees)
    first = Trial(tuple(kept), first.problems)
    ends = {each.plan.id: _end(each.outcome.status, each.outcome.exit_price) for each in first.tried}
    otherwise = sum(
        ends.get(each.plan.id) != _end(each.outcome.status, each.outcome.exit_price) for each in second.tried
    )
    return WhatIf(
        was=first,
        would=second,
        was_summary=summarize(first, capital),
        would_summary=summarize(second, capital),
        otherwise=otherwise,
        problems=tuple(dict.fromkeys((*problems, *second.problems))),
    )


def _end(status: str, price: str | None) -> tuple[str, Decimal | None]:
    return status, None if price is None else Decimal(price)


def _changed(line: PlanLine, entry: Decimal, changes: Changes) -> PlanLine:
    plan = changed(line.plan(), entry, changes)
    return msgspec.structs.replace(
        line,
        stop_loss=plan.stop_loss,
        take_profit=None,
        take_profits=plan.targets,
        rules=plan.rules,
        leverage=1 if line.market_type is Market.SPOT else plan.leverage,
        position_size=plan.position_size,
    )


def _refusal(line: PlanLine, recordings: Mapping[Key, Recorded]) -> str | None:
    recorded = recordings[line.market_type, line.symbol]
    try:
        check_plan(on_grid(line.plan(), recorded.instrument.filters), recorded.instrument)
    except Refused as error:
        return error.message
    return None
