"""Whatever is done in whatever order, the books add up: a state machine of people, prices, settlements and crashes.

Everything runs through the use cases, on real servers and a simulated exchange whose tape and clock the machine sets.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.bootstrap import build
from services.db import funding, instruments, reconcile
from services.domain.command import CommandKind
from services.domain.errors import Refused
from services.domain.fills import FillModel
from services.domain.funding import Settlement
from services.domain.market import Market, Quote
from services.domain.path import MINUTE, Path, floor_minute
from services.domain.plan import Direction, EntryType, Target, Trailing
from services.settings import Settings
from services.usecases.command_trade import Wish, command_trade
from services.usecases.context import Services
from services.usecases.edit_account import Terms, edit_account
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.manage_accounts import Deposit, deposit
from services.usecases.new_trade import NewTrade
from services.usecases.open_trade import open_trade
from tests.evaluation.desk import INVARIANTS
from tests.simulator_process import Simulator, start_simulator

BEGIN = datetime(2026, 7, 1, 8, 0, 10, tzinfo=UTC)
PLACES = ((Market.SPOT, "ADAUSDT"), (Market.FUTURES, "ADAUSDT"), (Market.FUTURES, "DOGEUSDT"))
places = st.sampled_from(range(len(PLACES)))
FUTURES = Market.FUTURES
TICK = Decimal("0.0001")
NO_LIMITS = Terms(max_open_trades=None, max_symbol_exposure=None, max_leverage=None)
shares = st.sampled_from(["0.004", "0.01", "0.03", "0.1", "0.4"]).map(Decimal)
factors = st.sampled_from(["0.7", "0.93", "0.99", "1.01", "1.08", "1.3"]).map(Decimal)
NEVER_NEGATIVE = """
SELECT 'account', id, reserved FROM accounts WHERE reserved < 0
UNION ALL
SELECT 'trade', t.id, t.quantity - coalesce(sum(e.quantity), 0)
FROM trades t LEFT JOIN trade_exits e ON e.trade_id = t.id
GROUP BY t.id HAVING t.quantity < coalesce(sum(e.quantity), 0)
    OR (t.status LIKE 'CLOSED%%') <> (t.quantity = coalesce(sum(e.quantity), 0))
UNION ALL  -- an isolated position loses its margin and its fee of entry at most, and funding
SELECT 'loss', t.id, t.profit_loss FROM trades t WHERE t.profit_loss <
    -(round(t.entry_price * t.quantity / t.leverage, 8) + t.entry_fee + greatest(t.funding, 0)) - 0.0000001
"""


class Order(NamedTuple):
    """A trade that somebody wants, in shares of the last price; `resting` None: at the market."""

    place: int
    sign: int
    resting: Decimal | None
    stop: Decimal
    ahead: list[Decimal]
    size: dict[str, Decimal]
    leverage: int
    rules: dict[str, Any]
    model: FillModel


orders = st.builds(
    Order,
    places,
    st.sampled_from([1, 1, -1]),
    st.one_of(st.none(), shares),
    shares,
    st.lists(shares, min_size=1, max_size=3),
    st.sampled_from(
        [{"position_size": Decimal(size)} for size in (20, 60, 200, 900)]
        + [{"equity_percent": Decimal(10)}, {"risk_percent": Decimal(1)}]
    ),
    st.sampled_from([1, 3, 20]),
    st.fixed_dictionaries(
        {
            "follow_targets": st.booleans(),
            "trailing": st.sampled_from([None, Trailing(percent=Decimal(1))]),
            "time_stop": st.sampled_from([None, 2 * MINUTE]),
        }
    ),
    st.sampled_from(FillModel),
)


def wanted(order: Order, last: Decimal) -> NewTrade:
    market, symbol = PLACES[order.place]
    sign = 1 if market is Market.SPOT else order.sign
    entry = last if order.resting is None else last * (1 - sign * order.resting / 10)
    price, targets = entry, []
    for share in order.ahead:
        price *= 1 + sign * share / 2
        targets.append(Target(price, Decimal("0.3")))
    targets[-1] = Target(price, 1 - sum((target.fraction for target in targets[:-1]), Decimal(0)))
    return NewTrade(
        market_type=market,
        symbol=symbol,
        direction=Direction.LONG if sign > 0 else Direction.SHORT,
        entry_type=EntryType.MARKET if order.resting is None else EntryType.LIMIT,
        entry_price=None if order.resting is None else entry,
        stop_loss=entry * (1 - sign * order.stop / 2),
        take_profits=tuple(targets),
        leverage=1 if market is Market.SPOT else order.leverage,
        fill_model=order.model,
        **order.size,
        **order.rules,
    )


class Stage:
    """One exchange, one database, one process; all of it in one event loop."""

    def __init__(self, simulator: Simulator, told: Settings) -> None:
        self.simulator, self.settings = simulator, told
        self.runner: asyncio.Runner | None = None
        self.services: Services = None  # type: ignore[assignment] # until the first start
        self.process = AsyncExitStack()
        self.now = BEGIN

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        assert self.runner is not None
        return self.runner.run(work)

    async def restart(self) -> None:
        """The process ends and another begins."""
        await self.process.aclose()
        self.services = await self.process.enter_async_context(build(self.settings, name="test"))

    async def to(self, time: datetime) -> None:
        self.now = time
        await self.simulator.set_clock(time=round(time.timestamp() * 1000))
        await self.services.redis.flushdb()  # minutes have gone by: the exchange's weight is free again
        for market in Market:
            await self.services.clock.sync(market)

    async def rows(self, query: str) -> list[tuple]:
        async with self.services.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()


@asynccontextmanager
async def staged(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    async with start_simulator(paused=True, start=BEGIN.isoformat()) as simulator:
        told = Settings(
            database_url=database_url,
            redis_url=redis_url,
            spot_url=simulator.spot_url,
            futures_url=simulator.futures_url,
            market_speed=Decimal("1e-9"),
            quote_max_age_seconds=Decimal(3600),
            starting_balance=Decimal(2000),
        )
        stage = Stage(simulator, told)
        await stage.restart()
        async with stage.services.pool.connection() as connection:
            for market in Market:
                wanted = {symbol for place, symbol in PLACES if place is market}
                listed = [each for each in await stage.services.exchange.listings(market) if each.symbol in wanted]
                await instruments.refresh(connection, market, listed, floor_minute(BEGIN))
        yield stage
        await stage.process.aclose()


class Books(RuleBasedStateMachine):
    """`stage` is set by the test; `seen` are the states in which trades ended up."""

    stage: Stage
    seen: ClassVar[Counter[str]] = Counter()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Refusals are answers."""
        try:
            return self.stage.run(work)
        except Refused:
            return None

    async def _begin(self) -> None:
        stage, self.told, self.ids = self.stage, [], []
        async with stage.services.pool.connection() as connection:
            await connection.execute(
                "TRUNCATE trades, trade_exits, trade_revisions, live_triggers, trade_commands, ledger, events,"
                " funding_settlements, funding_clocks, accounts, idempotency, results RESTART IDENTITY CASCADE"
            )
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
            wish = wanted(order, self.last[order.place])
            made = self.do(open_trade(self.stage.services, self.account, wish))
            if made is not None:
                self.ids.append(int(msgspec.json.decode(made.body)["id"]))

    @precondition(lambda self: self.ids)
    @rule(
        pick=st.integers(0, 100),
        kind=st.sampled_from(CommandKind),
        fraction=st.sampled_from([None, Decimal("0.3"), Decimal("0.5"), Decimal(1)]),
        place=places,
        sign=st.sampled_from([1, -1]),
        stop=shares,
        ahead=shares,
    )
    def command(self, pick, kind, fraction, place, sign, stop, ahead) -> None:
        id_, last = self.ids[pick % len(self.ids)], self.last[place]
        wish = Wish(kind=kind, fraction=fraction if kind is CommandKind.CLOSE else None)
        if kind is CommandKind.EDIT:
            targets = (Target(last * (1 + sign * ahead), Decimal(1)),)
            wish = Wish(kind=kind, stop_loss=last * (1 - sign * stop), targets=targets)
        self.do(command_trade(self.stage.services, [self.account], id_, wish))

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

    @precondition(lambda self: self.told)
    @rule(pick=st.integers(0, 100))
    def repeat(self, pick) -> None:
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
        """In the end every price goes far down and up, so that what lives ends in all its parts."""
        if hasattr(self, "account"):
            for factor in ("1.02", "0.99", "1.04", "0.6", "2.5"):
                self.do(self._prices([(place, Decimal(factor)) for place in range(len(PLACES))], 1, "both"))
            self.do(self._prices([], 2, "both"))
            self.do(self._judge(tail=False))
            self.add_up()
            rows = self.stage.run(self.stage.rows("SELECT coalesce(exit_reason, status) FROM trades"))
            parts = self.stage.run(self.stage.rows("SELECT 'another part' FROM trade_exits WHERE part > 1"))
            self.seen.update(reason for (reason,) in rows)
            self.seen.update(reason for (reason,) in parts)

    async def _check(self) -> None:
        for name, query in {**INVARIANTS, "negative": NEVER_NEGATIVE}.items():
            assert await self.stage.rows(query) == [], name
        async with self.stage.services.pool.connection() as connection:
            assert await reconcile.differences(connection) == {}


def test_the_books_add_up_whatever_is_done(database_url: str, redis_url: str):
    is_long = settings.get_current_profile_name() == "long"
    with asyncio.Runner() as runner:
        opening = staged(database_url, redis_url)
        Books.stage = runner.run(opening.__aenter__())
        Books.stage.runner = runner
        try:
            run_state_machine_as_test(
                Books,
                settings=settings(
                    max_examples=300 if is_long else 5,
                    stateful_step_count=20,
                    derandomize=not is_long,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            assert Books.seen.keys() >= {"take_profit", "stop_loss", "another part"}, Books.seen
        finally:
            runner.run(opening.__aexit__(None, None, None))
