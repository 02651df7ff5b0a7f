"""Run trade plans over a recording, through the very evaluation that judges live trades: would they have won?

Plans are grouped by instrument and each instrument's files are streamed, one at a time; blocks of minutes that lie
strictly between a trade's barriers are passed over, as the live search passes over trades. The outcome depends on
plans, recording and fill model alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from services.domain.errors import PaperfleetError, Refused
from services.domain.fills import FillModel
from services.domain.market import Market
from services.usecases.replay_plans import Outcome, never_entered, problem, read_plan, write_outcomes
from services.usecases.replay_recording import UNREADABLE, Fineness, Recorded, futures_terms, open_folder
from services.usecases.replay_trades import Hole, Wish, run_trades

_BLANK = b" \t\r\n"


class ReplayError(PaperfleetError):
    """The replay could not start or write: folder, plans or output are not usable."""


class ReplaySummary(msgspec.Struct, frozen=True):
    """What a replay came to.

    statuses       outcomes by status
    problems       what was wrong, by line or file
    seconds        how long it took
    bad_lines      lines that are no plan, or break a rule: they have no outcome
    never_entered  plans to whose time nothing is recorded; they count as PENDING
    ambiguous      outcomes in which an order had to be assumed
    holes          stretches without a recording over which trades were open: what they missed there is not known
    terms          by what futures were judged, and what is not recorded of them
    """

    statuses: Mapping[str, int]
    problems: Sequence[str]
    seconds: float
    bad_lines: int = 0
    never_entered: int = 0
    ambiguous: int = 0
    holes: Sequence[str] = ()
    terms: Sequence[str] = ()

    def describe(self) -> str:
        """Two lines for people, and those about futures."""
        plans = sum(self.statuses.values())
        each = ", ".join(f"{count:,} {status}" for status, count in sorted(self.statuses.items()))
        speed = f"{plans / self.seconds:,.0f} plans/s" if self.seconds > 0 else "at once"
        share = 100 * self.ambiguous / plans if plans else 0
        return "\n".join(
            (
                f"{plans:,} plans in {self.seconds:.1f} s ({speed}): {each or 'none'}; {len(self.problems):,} problems",
                f"{self.bad_lines:,} bad lines, {self.never_entered:,} plans never entered for want of a recording, "
                f"{self.ambiguous:,} ambiguous ({share:.2f} %)",
                *self.terms,
            )
        )


def replay(
    data: Path,
    plans: Path,
    out: Path,
    fill_model: FillModel,
    progress: Callable[[int, int], None],
    *,
    bars: str = "1m",
    finer: Fineness = Fineness.AUTO,
) -> ReplaySummary:
    """Write to `out` what becomes of each plan in `plans` over the recording in `data`, in the order of the plans.

    The path is that of bars of `bars`, their order inside told by `finer`. `progress` hears how many plans of how many
    are final. A bad line is left out and told in the summary's problems, by number, field and rule. Raises ReplayError
    when folder, plans or output cannot be used at all.
    """
    started = perf_counter()
    try:
        recordings = open_folder(data, bars, finer)
        wishes, problems = _read(plans)
    except UNREADABLE as error:
        raise ReplayError(str(error)) from error
    outcomes: dict[int, bytes] = {}
    statuses: Counter[str] = Counter()
    holes: list[str] = []
    unrecorded = ambiguous = 0
    total = sum(map(len, wishes.values()))
    progress(0, total)
    for number, told in _run(recordings, wishes, fill_model):
        if isinstance(told, Outcome):
            outcomes[number] = msgspec.json.encode(told)
            statuses[told.status] += 1
            unrecorded += told.is_unrecorded
            ambiguous += told.ambiguous
            progress(len(outcomes), total)
        elif isinstance(told, Hole):
            holes.append(told.text)
        else:
            problems.append((number, told))
    progress(total, total)
    try:
        write_outcomes(out, [outcomes[number] for number in sorted(outcomes)])
    except OSError as error:
        raise ReplayError(str(error)) from error
    return ReplaySummary(
        statuses,
        [text for _, text in sorted(problems)],
        perf_counter() - started,
        bad_lines=sum(number > 0 for number, _ in problems),
        never_entered=unrecorded,
        ambiguous=ambiguous,
        holes=holes,
        terms=futures_terms(data, [recordings[key] for key in wishes if key in recordings]),
    )


def _read(plans: Path) -> tuple[dict[tuple[Market, str], list[Wish]], list[tuple[int, str]]]:
    """The plans by instrument, and what is wrong with the other lines, by number."""
    wishes: dict[tuple[Market, str], list[Wish]] = {}
    problems = []
    with plans.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip(_BLANK):
                continue
            try:
                plan = read_plan(line)
            except Refused as error:
                problems.append((number, problem(number, error)))
            else:
                wishes.setdefault((plan.market_type, plan.symbol), []).append(Wish(number, plan))
    return wishes, problems


def _run(
    recordings: Mapping[tuple[Market, str], Recorded],
    wishes: Mapping[tuple[Market, str], Sequence[Wish]],
    fill_model: FillModel,
) -> Iterator[tuple[int, Outcome | Hole | str]]:
    """An outcome or a problem by line number; number 0 for what concerns a file, a hole among it."""
    for key, group in sorted(wishes.items()):
        recorded = recordings.get(key)
        if recorded is not None and recorded.minutes is not None:
            yield from run_trades(recorded, group, fill_model)
            continue
        reason = f"the recording has no klines of {key[0]} {key[1]}"
        yield 0, reason
        for wish in group:
            yield wish.number, never_entered(wish.line.id, reason)
