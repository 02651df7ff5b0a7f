"""Made-up tapes of prints, the bars and finer data they give, and trades on them.

Times are ms after START, prices are ticks: small numbers around PRICE, so that barriers are met often and exactly.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from hypothesis import strategies as st

from services.domain.command import Command, CommandKind
from services.domain.fees import DEFAULT_FEES
from services.domain.fills import FillModel, Slippage
from services.domain.judge import Need
from services.domain.market import Filters, Instrument, InstrumentStatus, Market, Quote
from services.domain.opening import Order, enter_at_quote, rest
from services.domain.path import Bar, Finer, Path, Resolution, print_bar
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.trade import Label, Trade
from services.domain.walk import walk
from tests.oracle import tape as oracle

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
MINUTE, SECOND = 60_000, 1000
TICK = Decimal("0.1")
PRICE = 1000
GRID = Filters(tick_size=TICK, step_size=Decimal("0.001"), min_quantity=Decimal("0.001"), min_notional=Decimal(5))
INSTRUMENT = Instrument(1, Market.FUTURES, "BTCUSDT", "BTC", InstrumentStatus.TRADING, GRID)
SLIPPAGE = Slippage(half_spread=Decimal("0.0003"), average_range=Decimal("0.004"))


def at(ms: int) -> datetime:
    return START + ms * MS


def ms_of(time: datetime) -> int:
    return (time - START) // MS


def price(ticks: int) -> Decimal:
    return ticks * TICK


class Tape(NamedTuple):
    """Every print of some minutes. `flat_seconds`: silent seconds repeat the last price, as on the exchange."""

    prints: tuple[tuple[int, int], ...]
    minutes: int
    flat_seconds: bool = False

    @property
    def end(self) -> int:
        return self.minutes * MINUTE

    def last_before(self, time: int) -> int:
        return next((ticks for when, ticks in reversed(self.prints) if when < time), PRICE)

    def bars(self, length: int, start: int, end: int) -> list[Bar]:
        """The bars of `length` that lie in [start, end), as far as their prints lie there."""
        inside = [each for each in self.prints if start <= each[0] < end]
        return [_bar(n * length, length, list(group)) for n, group in groupby(inside, lambda each: each[0] // length)]

    def path(self, start: int, end: int, seen: int | None = None) -> Path:
        """The minutes of [start, end); the tail is what had come of the next one at the moment `seen`."""
        tail = self.bars(MINUTE, end, seen + 1) if seen is not None else []
        return Path(INSTRUMENT.id, at(start), at(end), tuple(self.bars(MINUTE, start, end)), tail[0] if tail else None)

    def finer(self, need: Need, *, spot: bool) -> Finer:
        """What the exchange would answer: on spot seconds first, then prints."""
        start = ms_of(need.minute)
        if spot and need.finer_than is None:
            return Finer(Resolution.SECONDS, tuple(self._seconds(start)))
        inside = [each for each in self.prints if start <= each[0] < start + MINUTE]
        return Finer(Resolution.PRINTS, tuple(print_bar(at(time), price(ticks)) for time, ticks in inside))

    def _seconds(self, start: int) -> list[Bar]:
        traded = {bar.open_time: bar for bar in self.bars(SECOND, start, start + MINUTE)}
        if not self.flat_seconds:
            return list(traded.values())
        return [
            traded.get(at(second)) or _bar(second, SECOND, [(second, self.last_before(second))])
            for second in range(start, start + MINUTE, SECOND)
        ]


def _bar(open_time: int, length: int, prints: Sequence[tuple[int, int]]) -> Bar:
    ticks = [each[1] for each in prints]
    prices = map(price, (ticks[0], max(ticks), min(ticks), ticks[-1]))
    return Bar(at(open_time), at(open_time + length - 1), *prices)


_offsets = st.one_of(st.sampled_from((0, 1, 999, 1000, 30_000, 59_000, 59_999)), st.integers(0, MINUTE - 1))
_steps = st.one_of(st.integers(-3, 3), st.integers(-3, 3), st.integers(-14, 14))


@st.composite
def tapes(draw: st.DrawFn, minutes: int = 4) -> Tape:
    """A few minutes of prints: jumps inside minutes and between them, minutes of silence."""
    ticks, prints = PRICE, []
    for minute in range(minutes):
        for offset in sorted(draw(st.sets(_offsets, max_size=6))):
            ticks += draw(_steps)
            prints.append((minute * MINUTE + offset, ticks))
    return Tape(tuple(prints), minutes, draw(st.booleans()))


class Case(NamedTuple):
    """A trade on a tape, and the same for the oracle. `command` has its twin in `told`."""

    tape: Tape
    trade: Trade
    bracket: oracle.Bracket
    start: int
    command: Command | None = None
    told: oracle.Command | None = None

    def truth(self) -> oracle.Truth:
        return oracle.truth(self.bracket, self.tape.prints, self.start, self.tape.end, self.told)


@st.composite
def cases(draw: st.DrawFn, *, commands: bool = False) -> Case:
    """A tape and a trade that the market could have accepted at its instant, on a minute or inside one."""
    tape = draw(tapes())
    after_prints = [time + 1 for time, _ in tape.prints if time < 2 * MINUTE]
    start = draw(st.sampled_from((0, MINUTE, *after_prints)) | st.integers(0, 2 * MINUTE))
    sign = draw(st.sampled_from((1, -1)))
    model = draw(st.sampled_from(FillModel))
    limit_distance = draw(st.one_of(st.none(), st.integers(1, 5)))
    last = tape.last_before(start)
    entry = last - sign * (limit_distance or 0)
    stop = entry - sign * draw(st.integers(1, 8))
    target = entry + sign * draw(st.integers(1 if limit_distance else 5, 10))
    trade = make_trade(sign, None if limit_distance is None else entry, stop, target, start, model, last)
    through = 1 if model is FillModel.HARSH else 0
    bracket = oracle.Bracket(sign, entry if limit_distance else None, stop, target, through)
    case = Case(tape, trade, bracket, start)
    return case._replace(**_command(draw, case)) if commands else case


def make_trade(
    sign: int, limit: int | None, stop: int, target: int, start: int, model: FillModel, last: int = PRICE
) -> Trade:
    """A trade accepted at `start` when the last price, bid and ask were `last`."""
    plan = Plan(
        direction=Direction.LONG if sign > 0 else Direction.SHORT,
        entry_type=EntryType.MARKET if limit is None else EntryType.LIMIT,
        limit_price=None if limit is None else price(limit),
        stop_loss=price(stop),
        targets=(Target(price(target)),),
        position_size=Decimal(100),
        leverage=5,
    )
    fees = DEFAULT_FEES[INSTRUMENT.market]
    order = Order(1, 1, INSTRUMENT, plan, Label(at(start), "test"), at(start), fees, model, SLIPPAGE)
    if limit is not None:
        return rest(order)
    return enter_at_quote(order, Quote(price(last), price(last), price(last), at(start)))


def _command(draw: st.DrawFn, case: Case) -> dict[str, object]:
    kind = draw(st.sampled_from(CommandKind))
    when = draw(st.integers(case.start, case.tape.end - 1))
    last, sign = case.tape.last_before(when), case.bracket.sign
    # An edit is accepted only in order around the price it is given at: around the limit while that rests.
    middle = last if case.bracket.limit is None else case.bracket.limit
    stop = min(sign * middle, sign * last) * sign - sign * draw(st.integers(1, 6))
    target = max(sign * middle, sign * last) * sign + sign * draw(st.integers(1, 6))
    bid, ask = price(last - 1), price(last + 1)
    command = Command(kind=kind, at=at(when), bid=bid, ask=ask, stop_loss=price(stop), targets=(Target(price(target)),))
    return {"command": command, "told": oracle.Command(kind.value, when, stop, target)}


def carry(case: Case, paths: Sequence[Path], *, known: bool = True, spot: bool = False) -> Trade:
    """The trade after `paths` one after another; what it needs is at hand (`known`) or gone for good."""
    trade, command = case.trade, case.command
    for path in paths:
        finer: dict[datetime, Finer] = {}
        while True:
            walked = walk(trade, path, since=path.start, finer=finer, command=command)
            trade = walked.trade
            command = None if walked.command_done else command
            if walked.need is None:
                break
            gone = Finer(Resolution.PRINTS, gone=True)
            finer[walked.need.minute] = case.tape.finer(walked.need, spot=spot) if known else gone
    return trade
