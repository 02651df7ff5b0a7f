"""A small desk for tests of the evaluation: a database with an account, instruments, trades and paths."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.db import accounts, instruments, settlement, trades, watermarks
from services.db.pool import Pool, create
from services.domain.brackets import Brackets
from services.domain.changes import created
from services.domain.fees import DEFAULT_FEES
from services.domain.fills import NO_SLIPPAGE, FillModel, Slippage
from services.domain.market import Filters, Instrument, Listing, Market, Quote
from services.domain.opening import Order, enter_at_quote, rest
from services.domain.path import MINUTE, Bar, Path, floor_minute
from services.domain.plan import Direction, EntryType, Plan, Target
from services.domain.trade import Label, Trade
from tests.evaluation.invariants import INVARIANTS

START = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
GRID = Filters(Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(5))
SIZE = Decimal(100)
"""Of every trade, in USDT of margin."""


def D(text: str | int) -> Decimal:
    return Decimal(text)


def bar(minute: int, open_: str, high: str, low: str, close: str) -> Bar:
    """The minute `minute` after START."""
    opened = START + minute * MINUTE
    return Bar(opened, opened + MINUTE - timedelta(milliseconds=1), D(open_), D(high), D(low), D(close))


def path(
    instrument: Instrument, start: int, end: int, bars: Sequence[Bar] = (), tail: Bar | None = None, **mark: object
) -> Path:
    return Path(instrument.id, START + start * MINUTE, START + end * MINUTE, tuple(bars), tail, **mark)


class Desk:
    """One account with 1,000,000 USDT and the instruments of `symbols` in both markets, judged to START."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.account_id = 0
        self.instruments: dict[tuple[Market, str], Instrument] = {}

    async def set_up(self, symbols: Sequence[str] = ("BTCUSDT", "ETHUSDT")) -> "Desk":
        async with self.pool.connection() as connection:
            self.account_id = await accounts.ensure_owner(connection, Decimal(1_000_000))
            for market in Market:
                listings = [Listing(market, symbol, symbol.removesuffix("USDT"), GRID) for symbol in symbols]
                await instruments.refresh(connection, market, listings, START)
            listed = await instruments.listed(connection)
        self.instruments = {(each.market, each.symbol): each for each in listed}
        return self

    def instrument(self, symbol: str = "BTCUSDT", market: Market = Market.FUTURES) -> Instrument:
        return self.instruments[market, symbol]

    async def add(
        self,
        instrument: Instrument | None = None,
        direction: Direction = Direction.LONG,
        *,
        stop: str = "95",
        target: str = "110",
        limit: str | None = None,
        quote: tuple[str, str] = ("100", "100"),
        at: datetime = START,
        model: FillModel = FillModel.OPTIMISTIC,
        slippage: Slippage = NO_SLIPPAGE,
        account_id: int | None = None,
        leverage: int = 1,
        skip_idle: bool = False,
        brackets: Brackets = (),
    ) -> Trade:
        """A new trade. With `skip_idle` its instrument's watermark jumps to `at`, as a real opening has it."""
        async with self.pool.connection() as connection:
            instrument = instrument or self.instrument()
            await watermarks.lock(connection, [instrument.id])
            if skip_idle:
                await watermarks.skip_idle_to(connection, [instrument.id], floor_minute(at))
            plan = Plan(
                direction=direction,
                entry_type=EntryType.LIMIT if limit else EntryType.MARKET,
                limit_price=D(limit) if limit else None,
                stop_loss=D(stop),
                targets=(Target(D(target)),),
                position_size=SIZE,
                leverage=leverage,
            )
            order = Order(
                trade_id=(await trades.next_ids(connection, 1))[0],
                account_id=account_id or self.account_id,
                instrument=instrument,
                plan=plan,
                label=Label(at, "test", ""),
                at=at,
                fees=DEFAULT_FEES[instrument.market],
                fill_model=model,
                slippage=slippage,
                brackets=brackets,
            )
            bid, ask = quote
            trade = rest(order) if limit else enter_at_quote(order, Quote(D(bid), D(ask), D(ask), at))
            await settlement.settle_and_commit(connection, [created(trade)], at=at)
        return trade

    async def list_more(self, *symbols: str) -> None:
        """More instruments in both markets, judged to START."""
        async with self.pool.connection() as connection:
            await connection.execute(
                """WITH added AS (
                       INSERT INTO instruments (market, symbol, base_asset, status, tick_size, step_size, min_quantity,
                           min_notional)
                       SELECT market, symbol, 'X', 'TRADING', 0.01, 0.001, 0.001, 5
                       FROM unnest(ARRAY['SPOT', 'FUTURES']) AS market, unnest(%s::text[]) AS symbol RETURNING id)
                   INSERT INTO watermarks (instrument_id, judged_to) SELECT id, %s FROM added""",
                [list(symbols), START],
            )
            listed = [await instruments.by_symbols(connection, market, symbols) for market in Market]
        self.instruments |= {(each.market, each.symbol): each for several in listed for each in several}

    async def account(self, name: str, deposit: int = 1_000_000) -> int:
        """One more account of the same owner."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                """WITH made AS (
                       INSERT INTO accounts (user_id, name, balance) SELECT id, %s, %s FROM users
                       WHERE name = 'local' RETURNING id, balance)
                   INSERT INTO ledger (account_id, kind, amount) SELECT id, 'deposit', balance FROM made
                   RETURNING account_id""",
                [name, deposit],
            )
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    async def add_many(self, count: int, stop: str, target: str, accounts: Sequence[int] = ()) -> list[int]:
        """`count` like trades of BTCUSDT futures, entered at 100, their accounts in turn; their ids."""
        instrument, owners = self.instrument(), accounts or [self.account_id]
        plan = Plan(
            direction=Direction.LONG,
            entry_type=EntryType.MARKET,
            limit_price=None,
            stop_loss=D(stop),
            targets=(Target(D(target)),),
            position_size=SIZE,
            leverage=1,
        )
        label, fees, quote = Label(START, "test", ""), DEFAULT_FEES[instrument.market], Quote(*[D(100)] * 3, START)
        async with self.pool.connection() as connection:
            ids = await trades.next_ids(connection, count)
            made = []
            for number, id_ in enumerate(ids):
                owner = owners[number % len(owners)]
                order = Order(id_, owner, instrument, plan, label, START, fees, FillModel.OPTIMISTIC, NO_SLIPPAGE)
                made.append(created(enter_at_quote(order, quote)))
            await settlement.settle_and_commit(connection, made, at=START)
        return ids

    async def trade(self, trade_id: int) -> Trade:
        async with self.pool.connection() as connection:
            return (await trades.load(connection, [trade_id]))[0].trade

    async def violations(self) -> list[str]:
        """Broken invariants over all rows; empty when the books are in order."""
        found = []
        async with self.pool.connection() as connection:
            for name, query in INVARIANTS.items():
                rows = await (await connection.execute(query)).fetchall()
                found += [f"{name}: {row}" for row in rows]
        return found


async def open_pool(url: str) -> Pool:
    pool = create(url, 5, name="test")
    await pool.open()
    return pool


async def blocked(desk: Desk) -> list[int]:
    """Backends of this database that wait for a lock."""
    async with desk.pool.connection() as connection:
        rows = await connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return [row[0] for row in await rows.fetchall()]
