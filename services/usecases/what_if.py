"""What if recorded signals had had other stops, targets, fees or fills? Tried over the same candles, side by side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from services.domain.errors import PaperfleetError, Refused
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
from services.domain.malformed import MALFORMED
from services.domain.market import Market
from services.domain.planning import check_plan, on_grid
from services.domain.what_if import Changes, changed
from services.usecases.replay_plans import PlanLine, problem, read_plan
from services.usecases.replay_recording import UNREADABLE, Recorded, entry_opens, futures_terms, open_folder
from services.usecases.told_plans import Percents, priced
from services.usecases.trial import Key, Progress, Summary, Trial, Tried, run_trial, summarize

NO_PERCENTS: Mapping[str | int, Percents] = {}


class WhatIfError(PaperfleetError):
    """Nothing can be compared: folder or signals are not usable. The message says what to do."""


class Terms(msgspec.Struct, frozen=True):
    """How orders are filled, and what they cost."""

    fill_model: FillModel
    fees: Mapping[Market, FeeRates]


class WhatIf(msgspec.Struct, frozen=True):
    """Both trials with their figures, and the trades that really came of the same signals, where those are known.

    `otherwise` counts signals whose changed trade ended in another way or price. `terms` tell by what futures were
    judged, and what is not recorded of them.
    """

    was: Trial
    would: Trial
    was_summary: Summary
    would_summary: Summary
    traded: Trial
    traded_summary: Summary | None
    otherwise: int
    problems: tuple[str, ...]
    terms: tuple[str, ...] = ()


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
    except MALFORMED:
        return line  # read_plan tells what is wrong with it
    return bytes(fields["plan"]) if "plan" in fields else line


def what_if(
    data: Path,
    plans: Sequence[PlanLine],
    changes: Changes,
    was: Terms,
    would: Terms,
    capital: Decimal,
    tried_was: Progress,
    tried_would: Progress,
    *,
    percents: Mapping[str | int, Percents] = NO_PERCENTS,
    traded: Sequence[Tried] = (),
) -> WhatIf:
    """Try `plans` as they are under `was`, then with `changes` under `would`. Raises WhatIfError.

    Levels in `percents` are taken of the price at which their plan enters. Of `traded`, the trades that really came of
    these signals, those count whose signal was tried.

    Distances are from the price at which a plan was entered; one that never was stays as it is. One that the changes
    make impossible is told in the problems, and in neither trial: both are about the same signals.
    """
    if not plans:
        raise WhatIfError("there are no signals to try")
    try:
        recordings = open_folder(data)
    except UNREADABLE as error:
        raise WhatIfError(str(error)) from error
    plans, unpriced = _at_their_entries(recordings, plans, percents)
    first = run_trial(recordings, plans, was.fill_model, tried_was, fees=was.fees)
    others, problems = list[PlanLine](), [*unpriced, *first.problems]
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
    ids = {each.plan.id for each in second.tried}
    really = Trial(tuple(each for each in traded if each.plan.id in ids), ())
    return WhatIf(
        was=first,
        would=second,
        was_summary=summarize(first, capital),
        would_summary=summarize(second, capital),
        traded=really,
        traded_summary=summarize(really, capital) if really.tried else None,
        otherwise=otherwise,
        problems=tuple(dict.fromkeys((*problems, *second.problems))),
        terms=futures_terms(
            data, [recordings[key] for key in {(line.market_type, line.symbol) for line in plans} if key in recordings]
        ),
    )


def _at_their_entries(
    recordings: Mapping[Key, Recorded], plans: Sequence[PlanLine], percents: Mapping[str | int, Percents]
) -> tuple[list[PlanLine], list[str]]:
    """The plans with every percentage turned into a price; without those that the recording has no entry for."""
    waiting: dict[Key, list[datetime]] = {}
    for line in plans:
        if line.id in percents:
            waiting.setdefault((line.market_type, line.symbol), []).append(line.opened_at)
    opens = {key: entry_opens(recordings[key], times) for key, times in waiting.items() if key in recordings}
    found, problems = list[PlanLine](), list[str]()
    for line in plans:
        if line.id not in percents:
            found.append(line)
            continue
        entry = opens.get((line.market_type, line.symbol), {}).get(line.opened_at)
        if entry is None:
            problems.append(f"{line.id}: no price is recorded for its entry, of which its levels are percentages")
        else:
            found.append(priced(line, percents[line.id], entry))
    return found, problems


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
