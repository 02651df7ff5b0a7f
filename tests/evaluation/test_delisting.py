"""Pairs that are halted, taken off or renamed: live trades wait, and end on positive evidence only."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.db import cycles
from services.domain.command import CommandKind
from services.domain.errors import Conflict, InvalidInput
from services.domain.market import Market
from services.domain.shards import Batch
from services.usecases.command_trade import Wish, command_trade
from services.usecases.delist import BREAK_KEPT, declare_delisted, end_delisted
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.fetch_paths import fetch_paths
from services.usecases.plan_cycle import plan_cycle
from services.usecases.rename_pair import rename_pair
from tests.evaluation.exchange import MINUTE, Stage, stage

BEGIN = datetime(2026, 7, 1, 8, 0, 10, tzinfo=UTC)
SETTLES = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SYMBOL = "ADAUSDT"
STATUS = "SELECT status FROM instruments WHERE market = %s AND symbol = %s"


@pytest.fixture
async def play(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    async with stage(database_url, redis_url, BEGIN) as ready:
        yield ready
        assert not await ready.violations()


async def status(play: Stage, market: Market, symbol: str = SYMBOL) -> str:
    return (await play.rows(STATUS, market, symbol))[0][0]


async def decided_by(play: Stage) -> list[str]:
    """Whose price ended each trade."""
    return [row[0] for row in await play.rows("SELECT evidence ->> 'decided_by' FROM trade_exits ORDER BY trade_id")]


async def test_a_contract_that_settles_ends_its_trades_at_the_mark_price(play: Stage):
    market, simulator = Market.FUTURES, play.simulator
    held, resting = await play.open(market, SYMBOL), await play.open(market, SYMBOL, limit=True)
    await simulator.set_clock(advance_ms=15 * 60_000)
    await simulator.set_listing(market, SYMBOL, status="PRE_SETTLE", delivery_ms=int(SETTLES.timestamp() * 1000))
    await play.refresh(market, SETTLES - 10 * MINUTE)
    assert await status(play, market) == "SUSPENDED"
    with pytest.raises(Conflict, match="SUSPENDED: no new trades"):
        await play.open(market, SYMBOL)
    await simulator.set_listing(market, SYMBOL, status="SETTLING")
    await play.refresh(market, SETTLES - MINUTE)
    assert await play.rows("SELECT delisted_at FROM instruments WHERE delisted_at IS NOT NULL") == []
    await play.refresh(market, SETTLES + 20 * MINUTE)
    assert (await play.trade(held))[0] == "OPEN"  # its last bars are not walked yet
    await play.judge(market, [SYMBOL])
    await play.refresh(market)
    begin = int(BEGIN.timestamp() * 1000)
    marks = await simulator.json("/fapi/v1/markPriceKlines", symbol=SYMBOL, interval="1m", startTime=begin)
    assert await play.trade(held) == ("CLOSED_EXPIRED", "delisted", Decimal(marks[-1][4]), SETTLES, False)
    assert await play.trade(resting) == ("CANCELLED", "delisted", None, None, False)
    assert await play.rows("SELECT fee FROM trade_exits") == [(0,)]
    assert await decided_by(play) == ["settlement"]
    assert await status(play, market) == "DELISTED"
    told = await play.rows("SELECT action, payload ->> 'symbol' FROM events WHERE stream = 'market' ORDER BY seq")
    assert told[-2:] == [("suspended", SYMBOL), ("delisted", SYMBOL)]


async def test_what_the_last_bars_did_comes_before_the_end(play: Stage):
    market, simulator = Market.FUTURES, play.simulator
    last = Decimal((await simulator.json("/fapi/v1/ticker/price", symbol=SYMBOL))["price"])
    stopped = await play.open(market, SYMBOL, stop_loss=(last * Decimal("0.9")).quantize(last))
    kept = await play.open(market, SYMBOL)
    await simulator.set_clock(advance_ms=5 * 60_000)
    await simulator.jump(market, SYMBOL, (last * Decimal("0.8")).quantize(last), hold_ms=30_000)
    await simulator.set_clock(advance_ms=60_000)
    await simulator.set_listing(market, SYMBOL, status="SETTLING", delivery_ms=int(SETTLES.timestamp() * 1000))
    await play.refresh(market, SETTLES + HOUR)
    await play.judge(market, [SYMBOL])
    await play.refresh(market)
    assert (await play.trade(stopped))[:2] == ("CLOSED_SL", "stop_loss")
    assert (await play.trade(kept))[:2] == ("CLOSED_EXPIRED", "delisted")


async def test_a_spot_pair_is_gone_after_a_week_of_break_and_not_before(play: Stage):
    market = Market.SPOT
    held = await play.open(market, SYMBOL)
    await play.judge(market, [SYMBOL], BEGIN + 2 * MINUTE)
    await play.simulator.set_listing(market, SYMBOL, status="BREAK")
    await play.refresh(market, BEGIN + DAY)
    await play.simulator.set_listing(market, SYMBOL, status="HALT")
    await play.refresh(market, BEGIN + 3 * DAY)  # the week begins anew
    await play.simulator.set_listing(market, SYMBOL, status="BREAK")
    begin = BEGIN + 4 * DAY
    await play.refresh(market, begin)
    await play.judge(market, [SYMBOL], begin + BREAK_KEPT - HOUR)
    await play.refresh(market)
    assert (await play.trade(held))[0] == "OPEN"
    assert await status(play, market) == "SUSPENDED"
    await play.refresh(market, begin + BREAK_KEPT + HOUR)
    assert await status(play, market) == "DELISTED"
    [(last,)] = await play.rows(
        """SELECT last_close FROM watermarks JOIN instruments i ON i.id = instrument_id
           WHERE market = 'SPOT' AND symbol = %s""",
        SYMBOL,
    )
    assert await play.trade(held) == ("CLOSED_EXPIRED", "delisted", last, begin.replace(second=0), False)
    assert await decided_by(play) == ["last_price"]


async def test_a_pair_that_trades_again_goes_on_as_if_nothing_had_been(play: Stage):
    market = Market.SPOT
    held = await play.open(market, SYMBOL)
    await play.simulator.set_listing(market, SYMBOL, status="BREAK")
    await play.refresh(market, BEGIN + DAY)
    await play.judge(market, [SYMBOL])
    await play.simulator.set_listing(market, SYMBOL, status="TRADING")
    await play.refresh(market, BEGIN + 9 * DAY)
    await play.judge(market, [SYMBOL])
    assert await play.rows("SELECT break_since FROM instruments WHERE break_since IS NOT NULL") == []
    assert (await play.trade(held))[0] == "OPEN"
    assert await status(play, market) == "TRADING"
    await play.open(market, SYMBOL)


async def test_a_pair_that_never_answers_again_ends_by_an_operators_word_and_its_commands_with_it(play: Stage):
    market, simulator = Market.SPOT, play.simulator
    held, cancelled, resting = [await play.open(market, SYMBOL, limit=limit) for limit in (False, True, True)]
    await play.judge(market, [SYMBOL], BEGIN + 3 * MINUTE)
    await simulator.set_listing(market, SYMBOL, listed=False)
    await play.refresh(market, BEGIN + 30 * DAY)
    assert await status(play, market) == "SUSPENDED"  # absence proves nothing
    account = (await play.rows("SELECT id FROM accounts"))[0][0]
    async with play.visit() as services:
        commanded = await command_trade(services, [account], cancelled, Wish(kind=CommandKind.CANCEL))
        assert commanded.pending
        with pytest.raises(Conflict, match="is TRADING"):
            await declare_delisted(services, market, "BTCUSDT")
        await declare_delisted(services, market, SYMBOL, BEGIN + 10 * MINUTE, Decimal("0.25"))
        assert await end_delisted(services, market) == [SYMBOL]
    at = BEGIN + 10 * MINUTE
    assert await play.trade(held) == ("CLOSED_EXPIRED", "delisted", Decimal("0.25"), at, True)
    assert await decided_by(play) == ["operator"]
    assert (await play.trade(cancelled))[:2] == ("CANCELLED", "cancelled")
    assert await play.trade(resting) == ("CANCELLED", "delisted", None, None, True)
    assert await play.rows("SELECT 1 FROM trade_commands") == []
    assert await status(play, market) == "DELISTED"


@pytest.mark.parametrize(("code", "is_lost"), [(-1121, True), (-1122, True), (-1100, False)])
async def test_the_last_bars_are_lost_when_the_exchange_knows_no_such_pair_and_waited_for_otherwise(
    play: Stage, code: int, is_lost: bool
):
    market, simulator = Market.SPOT, play.simulator
    held = await play.open(market, SYMBOL)
    await simulator.set_listing(market, SYMBOL, status="BREAK")
    await play.refresh(market, BEGIN + DAY)
    await simulator.add_fault("400", path_prefix="/api/v3/klines", symbol=SYMBOL, code=code)
    async with play.visit() as services:
        await declare_delisted(services, market, SYMBOL, BEGIN + 10 * MINUTE, Decimal("0.25"))
        assert await end_delisted(services, market) == ([SYMBOL] if is_lost else [])
    assert await status(play, market) == ("DELISTED" if is_lost else "SUSPENDED")
    assert ((await play.trade(held))[0], (await play.trade(held))[-1]) == (
        ("CLOSED_EXPIRED", True) if is_lost else ("OPEN", False)
    )


async def test_a_pair_ended_in_this_minute_unless_told_otherwise_and_never_in_the_future(play: Stage):
    market = Market.SPOT
    await play.open(market, SYMBOL)
    await play.simulator.set_listing(market, SYMBOL, status="BREAK")
    await play.refresh(market, BEGIN + DAY)
    async with play.visit() as services:
        now = await services.clock.now(market)
        with pytest.raises(InvalidInput, match="cannot have ended at"):
            await declare_delisted(services, market, SYMBOL, now + HOUR)
        await declare_delisted(services, market, SYMBOL)
        with pytest.raises(Conflict, match="known to have ended"):
            await declare_delisted(services, market, SYMBOL, now)
    [(ended,)] = await play.rows("SELECT delisted_at FROM instruments WHERE delisted_at IS NOT NULL")
    assert (ended.second, ended.microsecond) == (0, 0)
    assert now - MINUTE < ended <= now + MINUTE


async def test_where_no_price_was_ever_told_a_trade_ends_at_its_entry_and_is_flagged(play: Stage):
    market = Market.SPOT
    held = await play.open(market, SYMBOL)
    [(entry, entered)] = await play.rows("SELECT entry_price, entry_time FROM trades")
    await play.simulator.set_listing(market, SYMBOL, listed=False)
    await play.refresh(market)
    async with play.visit() as services:
        await declare_delisted(services, market, SYMBOL, BEGIN - HOUR)
        assert await end_delisted(services, market) == [SYMBOL]
    assert await play.trade(held) == ("CLOSED_EXPIRED", "delisted", entry, entered, True)
    assert await decided_by(play) == ["last_price"]


async def test_a_suspended_pair_that_is_refused_makes_no_cycle_late(play: Stage):
    market = Market.FUTURES
    held = await play.open(market, SYMBOL)
    await play.simulator.set_listing(market, SYMBOL, listed=False)
    await play.refresh(market, BEGIN + 5 * MINUTE)
    slot = BEGIN.replace(second=0)
    async with play.visit() as services:
        shards = await plan_cycle(services, slot)
        assert sum(SYMBOL in shard.symbols for shard in shards if shard.market is market) == 1
        for shard in shards:
            paths = await fetch_paths(services, shard.market, shard.symbols, tail=False, purpose="cycle")
            await evaluate_trades(services, paths, Batch(slot, shard.market, shard.number))
        async with services.pool.connection() as connection:
            state = await cycles.state(connection, timedelta(0))
    assert (state.slot, state.late_batches) == (slot, 0)
    assert state.pairs == sum(shard.answering for shard in shards) > 900
    assert (await play.trade(held))[0] == "OPEN"


async def test_a_listing_that_drops_too_many_is_refused_and_told(play: Stage):
    market = Market.FUTURES
    names = [row[0] for row in await play.rows("SELECT symbol FROM instruments WHERE market = 'FUTURES' LIMIT 15")]
    for name in names:
        await play.simulator.set_listing(market, name, listed=False)
    await play.refresh(market)
    assert {await status(play, market, name) for name in names} == {"TRADING"}
    [payload] = await play.rows("SELECT payload ->> 'dropped' FROM events WHERE action = 'refresh_refused'")
    assert payload == ("15",)
    for name in names[5:]:
        await play.simulator.set_listing(market, name, listed=True)
    await play.refresh(market)
    assert {await status(play, market, name) for name in names[:5]} == {"SUSPENDED"}


async def test_a_renamed_pair_takes_its_trades_along(play: Stage):
    market, simulator = Market.SPOT, play.simulator
    held = await play.open(market, SYMBOL)
    await play.judge(market, [SYMBOL], BEGIN + 2 * MINUTE)
    async with play.visit() as services:
        with pytest.raises(Conflict, match="only a suspended pair"):
            await rename_pair(services, market, SYMBOL, "BTCUSDT")
    await simulator.set_listing(market, SYMBOL, listed=False)
    await play.refresh(market)
    async with play.visit() as services:
        await rename_pair(services, market, SYMBOL, "DOGEUSDT")  # listed as a pair of its own so far
    assert (await status(play, market, "DOGEUSDT"), await status(play, market)) == ("TRADING", "SUSPENDED")
    await play.judge(market, ["DOGEUSDT"], BEGIN + 10 * MINUTE)
    [(symbol, judged)] = await play.rows(
        """SELECT symbol, judged_to FROM trades t JOIN instruments i ON i.id = instrument_id
           JOIN watermarks w USING (instrument_id) WHERE t.id = %s""",
        held,
    )
    assert (symbol, judged) == ("DOGEUSDT", (BEGIN + 10 * MINUTE).replace(second=0))
    await play.refresh(market)
    assert await status(play, market, "DOGEUSDT") == "TRADING"
