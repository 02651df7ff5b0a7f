"""Whatever is done in whatever order, the books add up: a state machine of people, prices, settlements and crashes.

Everything runs through the use cases, on real servers and a simulated exchange whose tape and clock the machine sets.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Container, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, core, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.db import funding, instruments, reconcile
from services.domain.command import CommandKind
from services.domain.errors import Refused
from services.domain.funding import Settlement
from services.domain.market import Market, Quote
from services.domain.path import MINUTE, Path, floor_minute
from services.domain.plan import Target
from services.domain.trade import CLOSED, TradeStatus
from services.usecases.command_trade import Wish, command_trade
from services.usecases.delist import declare_delisted, end_delisted
from services.usecases.edit_account import Terms, edit_account
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.manage_accounts import Deposit, Reset, deposit, reset_account
from services.usecases.open_trade import open_trade
from services.usecases.rename_pair import rename_pair
from services.usecases.void_trade import void_trade
from tests.evaluation import cast
from tests.evaluation.invariants import INVARIANTS
from tests.evaluation.random_orders import PLACES, Order, orders, places, shares, wanted
from tests.evaluation.stage import Stage, staged

FUTURES = Market.FUTURES
TICK = Decimal("0.0001")
NO_LIMITS = Terms(max_open_trades=None, max_symbol_exposure=None, max_leverage=None)
EXAMPLES, STEPS = 12, 20
factors = st.sampled_from(["0.7", "0.93", "0.99", "1.01", "1.08", "1.3"]).map(Decimal)
ENDS = {
    *("take_profit", "stop_loss", "break_even", "target_stop", "trailing_stop", "time_stop", "liquidation", "manual"),
    *("cancelled", "entry_expired", "target_before_entry", "stop_before_entry"),
    *("delisted", "a pair renamed"),
}
BOOKED = {"deposit", "reset", "entry_fee", "gross_profit", "exit_fee", "loss_cap", "funding", "void"}
DRAWN = {
    *("stop_loss", "take_profit", "manual", "cancelled", "delisted", "a pair renamed"),
    *(BOOKED - {"loss_cap", "funding"}),
}
"""What the few examples of every run come to by themselves; the rest is for the trades that each of them ends with."""
SEEN = """
SELECT reason FROM trade_exits UNION ALL SELECT exit_reason FROM trades WHERE status = 'CANCELLED'
UNION ALL SELECT kind FROM ledger WHERE kind <> 'deposit' OR id > 1
UNION ALL SELECT 'another part' FROM trade_exits WHERE part > 1
UNION ALL SELECT status FROM trades
UNION ALL SELECT 'a pair ' || action FROM events WHERE stream = 'market'
"""
TRADES = """
SELECT t.id, i.market, i.symbol, t.direction, CASE t.status WHEN 'PENDING' THEN t.limit_price END, t.status
FROM trades t JOIN instruments i ON i.id = t.instrument_id ORDER BY t.id
"""
ANY, LIVE = set(TradeStatus), {TradeStatus.OPEN, TradeStatus.PENDING}
TAKEN_BY = dict.fromkeys(CommandKind, LIVE) | {CommandKind.CLOSE: {"OPEN"}, CommandKind.CANCEL: {"PENDING"}}
REFUSED_SHARE_MAX, ASKED_MIN = 0.8, 5
"""A rule that is refused nearly always tries nothing; what was asked for less often says nothing of it."""


class Books(RuleBasedStateMachine):
    """`stage` is set by the test. What has happened to trades and what was booked is counted: `drawn` what the rules
    drawn at random did, `seen` what was so in the end; and of what those rules `asked`, what was `refused`.

    No rule has a precondition: what is drawn hangs on nothing that a slow machine could change.
    """

    stage: Stage
    drawn: ClassVar[Counter[str]] = Counter()
    seen: ClassVar[Counter[str]] = Counter()
    asked: ClassVar[Counter[str]] = Counter()
    refused: ClassVar[Counter[str]] = Counter()
    is_drawing = True

    def do(self, work: Coroutine[Any, Any, Any], of: str = "") -> Any:
        """Refusals are answers; they are counted by what was asked, and of which kind."""
        name = f"{work.__name__} {of}".rstrip()
        self.asked[name] += self.is_drawing
        try:
            return self.stage.run(work)
        except Refused:
            self.refused[name] += self.is_drawing
            return None

    async def _begin(self) -> None:
        stage, self.told = self.stage, []
        async with stage.services.pool.connection() as connection:
            await connection.execute(
                "TRUNCATE trades, voids, trade_exits, trade_revisions, live_triggers, trade_commands, ledger, events,"
                " funding_settlements, funding_clocks, accounts, idempotency, results RESTART IDENTITY CASCADE"
            )
            await connection.execute("UPDATE streams SET event_seq = 0")
        await stage.restart()
        [(self.account,)] = await stage.rows("SELECT id FROM accounts")
        self.last: list[Decimal] = []
        for market, symbol in PLACES:
            root = "/api/v3" if market is Market.SPOT else "/fapi/v1"
            price = await stage.simulator.json(f"{root}/ticker/price", symbol=symbol)
            self.last.append(Decimal(price["price"]))
        await stage.to(floor_minute(stage.now) + timedelta(minutes=1, seconds=10))
        await self._quote()

    async def _quote(self) -> None:
        """A spread of a thousandth around the last price."""
        for market in Market:
            found = {
                symbol: Quote(last * Decimal("0.9995"), last * Decimal("1.0005"), last, datetime.now(UTC))
                for (place, symbol), last in zip(PLACES, self.last, strict=True)
                if place is market
            }
            await self.stage.services.prices.store(market, found)

    @initialize(orders=st.lists(orders, min_size=4, max_size=8))
    def begin_with_trades(self, orders) -> None:
        self.do(self._begin())
        self.open(orders)

    @rule(orders=st.lists(orders, min_size=1, max_size=4))
    def more_trades(self, orders) -> None:
        self.open(orders)

    def open(self, orders: list[Order]) -> None:
        for order in orders:
            wish = wanted(order, self.last[order.place], self.stage.now)
            self.do(open_trade(self.stage.services, self.account, wish))

    @rule(
        kinds=st.lists(st.sampled_from(CommandKind), min_size=1, max_size=4),
        order=orders,
        pick=st.integers(0, 100),
        fraction=st.sampled_from([None, Decimal("0.3"), Decimal("0.5"), Decimal(1)]),
        side=st.sampled_from([1, 1, 1, -1]),
        stop=shares,
        ahead=shares,
    )
    def command(self, kinds, order, pick, fraction, side, stop, ahead) -> None:
        """Of trades that may take it; where there are none, one is opened. An edit may be the wrong way round."""
        for number, kind in enumerate(kinds):
            if not self._of(TAKEN_BY[kind]):
                self.open([order])
            found = self._of(TAKEN_BY[kind]) or self._of(ANY)
            if not found:
                return
            id_, market, symbol, direction, limit = found[(pick + number) % len(found)]
            wish = Wish(kind=kind, fraction=fraction if kind is CommandKind.CLOSE else None)
            if kind is CommandKind.EDIT:
                price = limit or self.last[PLACES.index((market, symbol))]
                sign = side if direction == "LONG" else -side
                targets = (Target(price * (1 + sign * ahead), Decimal(1)),)
                wish = Wish(kind=kind, stop_loss=price * (1 - sign * stop), targets=targets)
            self.do(command_trade(self.stage.services, [self.account], id_, wish), kind)

    def _of(self, statuses: Container[str]) -> list[tuple[int, str, str, str, Decimal | None]]:
        """The trades of these statuses: id, market, symbol, direction, and the limit that still rests."""
        return [row[:-1] for row in self.stage.run(self.stage.rows(TRADES)) if row[-1] in statuses]

    @rule(
        moves=st.lists(st.tuples(places, factors), max_size=9),
        minutes=st.integers(1, 4),
        tape=st.sampled_from(["both", "both", "last", "mark"]),
        tail=st.sampled_from([None, False, False, True]),
    )
    def prices(self, moves, minutes, tape, tail) -> None:
        """The market goes on; then it is judged, or not yet (`tail` None)."""
        self.do(self._prices(moves, minutes, tape))
        if tail is not None:
            self.do(self._judge(tail=tail))

    async def _prices(self, moves: list[tuple[int, Decimal]], minutes: int, tape: str) -> None:
        stage = self.stage
        begin, end = stage.now + timedelta(seconds=1), stage.now + minutes * MINUTE
        for place, (market, symbol) in enumerate(PLACES):
            path = [self.last[place]]
            for factor in (factor for moved, factor in moves if moved == place):
                path.append(max((path[-1] * factor).quantize(self.last[place]), 100 * TICK))
            step = (end - begin) / len(path)
            prints = [(round((begin + n * step).timestamp() * 1000), price) for n, price in enumerate(path)]
            prints.append((round(end.timestamp() * 1000), path[-1]))
            which = tape if market is Market.FUTURES else "both"
            await stage.simulator.set_path(market, symbol, prints, tape=which)
            if which != "mark":
                self.last[place] = path[-1]
        await stage.to(end)
        await self._quote()

    async def _judge(self, *, tail: bool) -> None:
        for market in Market:
            symbols = [symbol for found, symbol in PLACES if found is market]
            paths = await fetch_paths(self.stage.services, market, symbols, tail=tail, purpose="cycle")
            self.told.append(paths)
            await evaluate_trades(self.stage.services, paths)

    @rule(
        factor=st.sampled_from(["0.9", "0.95", "1.05", "1.12"]).map(Decimal),
        place=st.sampled_from([1, 2]),
        returns=st.booleans(),
    )
    def mark_alone(self, factor, place, returns) -> None:
        """The mark price goes where the last one does not, and comes back or not."""
        self.do(self._prices([(place, factor)] + [(place, 1 / factor)] * returns, 1, "mark"))
        self.do(self._judge(tail=False))

    @rule(ends=st.booleans(), balance=st.sampled_from([None, Decimal(400)]))
    def start_over(self, ends, balance) -> None:
        """The account is reset, which live trades forbid: now and then they are ended before."""
        if ends:
            self.do(self._judge(tail=False))
            for id_, *_ in self._of(LIVE):
                self.do(command_trade(self.stage.services, [self.account], id_, Wish(kind=CommandKind.END)))
        self.do(reset_account(self.stage.services, [self.account], self.account, Reset(balance=balance), None))

    @rule(pick=st.integers(0, 100))
    def strike_out(self, pick) -> None:
        """An operator finds a closing wrong."""
        found = self._of(CLOSED) or self._of(ANY)
        if found:
            self.do(void_trade(self.stage.services, found[pick % len(found)][0], "a wrong price", "somebody"))

    @rule(place=places, share=st.sampled_from([None, Decimal("0.5"), Decimal(3)]))
    def taken_off(self, place, share) -> None:
        """A pair leaves the exchange, worth the last price or what an operator says; later it is listed anew."""
        self.do(self._judge(tail=False))
        self.do(self._taken_off(place, share))

    async def _taken_off(self, place: int, share: Decimal | None) -> None:
        stage, (market, symbol) = self.stage, PLACES[place]
        await stage.relist(market, without=symbol)
        price = None if share is None else self.last[place] * share
        await declare_delisted(stage.services, market, symbol, price=price)
        await end_delisted(stage.services, market)
        await self._check()
        await stage.relist(market)

    @rule(place=places)
    def renamed(self, place) -> None:
        """A pair goes on under another symbol, and later under its own again."""
        self.do(self._renamed(place))

    async def _renamed(self, place: int) -> None:
        stage, (market, symbol) = self.stage, PLACES[place]
        await stage.relist(market, without=symbol)
        await rename_pair(stage.services, market, symbol, "RENAMEDUSDT")
        await self._check()
        await rename_pair(stage.services, market, "RENAMEDUSDT", symbol)
        await stage.relist(market)

    @rule(pick=st.integers(0, 100))
    def repeat(self, pick) -> None:
        if not self.told:
            return
        paths: list[Path] = self.told[pick % len(self.told)]
        self.do(evaluate_trades(self.stage.services, paths))

    @rule(
        rate=st.sampled_from([None, "0.0001", "-0.0004", "0.02"]),
        restarts=st.booleans(),
        amount=st.sampled_from([None, "0.00000001", "1000"]),
        limits=st.sampled_from([None, Terms(max_open_trades=4), Terms(max_symbol_exposure=Decimal(1500)), NO_LIMITS]),
    )
    def meanwhile(self, rate, restarts, amount, limits) -> None:
        """Funding is settled, the process ends and begins anew, money comes in, limits are set."""
        services, account = self.stage.services, self.account
        if rate is not None:
            self.do(self._settle(Decimal(rate)))
        if amount is not None:
            self.do(deposit(services, [account], account, Deposit(amount=Decimal(amount)), None))
        if limits is not None:
            self.do(edit_account(services, [account], account, limits))
        if restarts:
            self.do(self.stage.restart())

    async def _settle(self, rate: Decimal) -> None:
        """Funding at the minute that has just begun."""
        last = {symbol: price for (market, symbol), price in zip(PLACES, self.last, strict=True) if market is FUTURES}
        async with self.stage.services.pool.connection() as connection:
            found = await instruments.by_symbols(connection, FUTURES, list(last))
            told = {each.id: [Settlement(floor_minute(self.stage.now), last[each.symbol] * rate)] for each in found}
            await funding.store(connection, told, dict.fromkeys(told))

    @invariant()
    def add_up(self) -> None:
        if hasattr(self, "account"):
            self.stage.run(self._check())

    def teardown(self) -> None:
        """In the end trades end in every way there is, what lives is ended by hand, and the account starts over."""
        if hasattr(self, "account"):
            self.drawn.update(what for (what,) in self.stage.run(self.stage.rows(SEEN)))
            self.is_drawing = False
            self.do(edit_account(self.stage.services, [self.account], self.account, NO_LIMITS))
            self.do(deposit(self.stage.services, [self.account], self.account, Deposit(amount=Decimal(10_000)), None))
            self.do(self._prices([], 2, "both"))
            self.open(cast.BY_MARK)
            self.mark_alone(Decimal("0.9"), cast.DOGE, returns=True)
            self.open(cast.REST)
            self.do(self._prices([], 1, "both"))
            self.do(self._judge(tail=False))
            self.do(self._settle(Decimal("0.001")))
            self.do(self._prices(cast.CALM, 1, "both"))
            self.do(self._prices(cast.JUMP, 2, "last"))
            self.do(self._prices([], 2, "both"))
            self.renamed(cast.ADA)
            self.taken_off(cast.ADA, None)
            self.add_up()
            self.start_over(ends=True, balance=None)
            self.strike_out(0)
            self.add_up()
            self.seen.update(what for (what,) in self.stage.run(self.stage.rows(SEEN)))

    async def _check(self) -> None:
        for name, query in INVARIANTS.items():
            assert await self.stage.rows(query) == [], name
        async with self.stage.services.pool.connection() as connection:
            assert await reconcile.differences(connection) == {}


def refused_nearly_always() -> dict[str, str]:
    """What the rules drawn at random asked for and hardly ever got, with the share that was refused."""
    return {
        name: f"{Books.refused[name]} of {count} refused"
        for name, count in Books.asked.items()
        if count >= ASKED_MIN and Books.refused[name] > REFUSED_SHARE_MAX * count
    }


def test_the_books_add_up_whatever_is_done(database_url: str, redis_url: str, capsys: pytest.CaptureFixture[str]):
    is_long = settings.get_current_profile_name() == "long"
    if is_long:
        chosen = core.global_force_seed or Random().getrandbits(32)
        seed(chosen)(Books)
        with capsys.disabled():
            sys.stdout.write(f"\n--hypothesis-seed={chosen}\n")
    with asyncio.Runner() as runner:
        opening = staged(database_url, redis_url, PLACES)
        Books.stage = runner.run(opening.__aenter__())
        Books.stage.runner = runner
        try:
            run_state_machine_as_test(
                Books,
                settings=settings(
                    max_examples=300 if is_long else EXAMPLES,
                    stateful_step_count=STEPS,
                    derandomize=not is_long,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            assert Books.asked.keys() >= {f"command_trade {kind}" for kind in CommandKind}, Books.asked
            assert refused_nearly_always() == {}
            assert Books.drawn.keys() >= (ENDS | BOOKED if is_long else DRAWN), Books.drawn
            assert Books.seen.keys() >= ENDS | BOOKED | {"another part"}, Books.seen
        finally:
            runner.run(opening.__aexit__(None, None, None))
