"""Plans tried over a recording, and what they came to: the common part of backtests and what-ifs.

Every plan is judged alone, by the evaluation that judges live trades (services.usecases.replay_trades); `capital` is
only what the figures stand on.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from services.domain.fees import DEFAULT_FEES, FeeRates
from services.domain.fills import FillModel
from services.domain.market import Market
from services.domain.metrics.course import course, exposure_percent
from services.domain.metrics.drawdown import Drawdown, deepest, drawdown, recovered_at
from services.domain.metrics.figures import Figures, figures
from services.domain.metrics.returns import Returns, returns
from services.domain.metrics.tally import Closed, Tally, tally
from services.domain.metrics.worth import Worth
from services.domain.money import ZERO, margin
from services.domain.trade import TradeStatus
from services.usecases.replay_plans import Outcome, PlanLine
from services.usecases.replay_recording import Recorded
from services.usecases.replay_trades import Hole, Wish, run_trades

Progress = Callable[[int, int], None]
Key = tuple[Market, str]


class Tried(msgspec.Struct, frozen=True):
    """A plan and what became of it."""

    plan: PlanLine
    outcome: Outcome

    @property
    def is_closed(self) -> bool:
        """Whether it was entered and has left altogether."""
        return self.outcome.exit_time is not None and self.outcome.status != TradeStatus.CANCELLED

    @property
    def profit(self) -> Decimal | None:
        """Net of fees and funding, in USDT."""
        return None if self.outcome.profit_loss is None else Decimal(self.outcome.profit_loss)

    @property
    def r_multiple(self) -> Decimal | None:
        """Profit by what was lost at the stop as planned, fees not counted."""
        outcome = self.outcome
        if self.profit is None or outcome.entry_price is None or outcome.quantity is None:
            return None
        risk = abs(Decimal(outcome.entry_price) - self.plan.stop_loss) * Decimal(outcome.quantity)
        return None if risk == 0 else self.profit / risk


class Trial(msgspec.Struct, frozen=True):
    """All plans with their outcomes, by time, and what was wrong with others or with files."""

    tried: tuple[Tried, ...]
    problems: tuple[str, ...]

    @property
    def closed(self) -> list[Tried]:
        """Those that ended, in the order of their exits."""
        return sorted(
            (each for each in self.tried if each.is_closed), key=lambda each: (_exit(each), str(each.plan.id))
        )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial came to. `equity` is capital + profit after each exit, by time; `statuses` counts outcomes."""

    capital: Decimal
    statuses: Mapping[str, int]
    figures: Figures
    drawdown: Drawdown
    returns: Returns
    longest_winning_streak: int
    longest_losing_streak: int
    exposure_percent: Decimal | None
    equity: tuple[tuple[datetime, Decimal], ...]


def run_trial(
    recordings: Mapping[Key, Recorded],
    plans: Sequence[PlanLine],
    fill_model: FillModel,
    progress: Progress,
    *,
    fees: Mapping[Market, FeeRates] = DEFAULT_FEES,
) -> Trial:
    """Try each of `plans`; `progress` hears how many of how many are done."""
    groups: dict[Key, list[Wish]] = {}
    for number, plan in enumerate(plans, start=1):
        groups.setdefault((plan.market_type, plan.symbol), []).append(Wish(number, plan))
    found, problems = dict[int, Outcome](), list[str]()
    progress(0, len(plans))
    for key, group in sorted(groups.items()):
        recorded = recordings.get(key)
        if recorded is None or recorded.minutes is None:
            problems.append(f"{key[0]} {key[1]}: no minutes are recorded, {len(group)} plans left out")
            continue
        for number, told in run_trades(recorded, group, fill_model, fees=fees):
            if isinstance(told, Outcome):
                found[number] = told
                progress(len(found), len(plans))
            elif isinstance(told, Hole):
                problems.append(told.text)
            else:
                problems.append(told if number == 0 else f"{key[0]} {key[1]}: {told}")
    progress(len(plans), len(plans))
    tried = [Tried(plan, found[number]) for number, plan in enumerate(plans, start=1) if number in found]
    tried.sort(key=lambda each: (each.plan.opened_at, each.plan.market_type, each.plan.symbol))
    return Trial(tuple(tried), tuple(problems))


def one_at_a_time(trial: Trial) -> Trial:
    """Without what was opened on a pair while an earlier trade on it was still open."""
    kept, busy_until = list[Tried](), dict[Key, datetime]()
    for each in trial.tried:
        key = (each.plan.market_type, each.plan.symbol)
        if each.outcome.entry_time is None:
            kept.append(each)
        elif key not in busy_until or busy_until[key] <= each.plan.opened_at:
            kept.append(each)
            # What is still open at the end of the recording leaves no room for another one.
            busy_until[key] = each.outcome.exit_time or datetime.max.replace(tzinfo=each.plan.opened_at.tzinfo)
    return Trial(tuple(kept), trial.problems)


def summarize(trial: Trial, capital: Decimal) -> Summary:
    """The figures of a trial on `capital` USDT; each formula stands with its figure."""
    closed = [_closed(number, each) for number, each in enumerate(trial.closed, start=1)]
    whole = course(closed)
    profits = [(each.exit_time, each.id, each.profit_loss) for each in closed]
    fall = deepest(whole.curve, whole.first_entry)
    fallen = drawdown(fall, capital, None if fall is None else recovered_at(fall, ZERO, profits))
    by_day = _by_day(closed)
    statuses: dict[str, int] = {}
    for tried in trial.tried:
        statuses[tried.outcome.status] = statuses.get(tried.outcome.status, 0) + 1
    return Summary(
        capital=capital,
        statuses=dict(sorted(statuses.items())),
        figures=figures(sum(map(tally, closed), Tally())),
        drawdown=fallen,
        returns=returns(Worth(capital, profits=by_day), by_day, fallen.percent),
        longest_winning_streak=whole.wins.longest,
        longest_losing_streak=whole.losses.longest,
        exposure_percent=exposure_percent(whole),
        equity=_equity(closed, capital),
    )


def _closed(number: int, tried: Tried) -> Closed:
    outcome = tried.outcome
    assert outcome.entry_time is not None
    assert outcome.entry_price is not None
    assert outcome.quantity is not None
    return Closed(
        id=number,
        entry_time=outcome.entry_time,
        exit_time=_exit(tried),
        profit_loss=tried.profit or ZERO,
        fees=Decimal(outcome.fees or 0),
        funding=Decimal(outcome.funding or 0),
        margin=margin(Decimal(outcome.entry_price), Decimal(outcome.quantity), tried.plan.leverage),
        r_multiple=tried.r_multiple,
        ambiguous=outcome.ambiguous,
    )


def _exit(tried: Tried) -> datetime:
    assert tried.outcome.exit_time is not None
    return tried.outcome.exit_time


def _by_day(closed: Sequence[Closed]) -> dict[date, Decimal]:
    days: dict[date, Decimal] = {}
    for each in closed:
        day = each.exit_time.date()
        days[day] = days.get(day, ZERO) + each.profit_loss
    return days


def _equity(closed: Sequence[Closed], capital: Decimal) -> tuple[tuple[datetime, Decimal], ...]:
    if not closed:
        return ()
    points, level = [(min(each.entry_time for each in closed), capital)], capital
    for each in closed:
        level += each.profit_loss
        points.append((each.exit_time, level))
    return tuple(points)
