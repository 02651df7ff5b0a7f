"""ACTIVE signals become trades of every account that follows, each at most once, or a reason with its numbers."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from services.db import accounts, event_log
from services.domain.errors import Conflict, NotFound
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules
from services.domain.signal import NewSignal, SignalAction
from services.domain.source import Overrides
from services.usecases.read_signals import cancel_signal, read_signal
from services.usecases.sources import Asking, edit_source, follow_source
from services.usecases.store_signals import store_signals
from services.usecases.trade_by_hand import trade_by_hand
from services.usecases.trade_signals import Passed, trade_signals
from tests.evaluation.invariants import INVARIANTS
from tests.signals.saying import coming, price, rows, says, source_id

DECIDED = "SELECT account_id, outcome, trade_id, code FROM signal_decisions ORDER BY account_id"


@pytest.fixture
async def who(services) -> Asking:
    """The owner, with three accounts: 100,000, 100,000 and 1,000 USDT."""
    async with services.pool.connection() as connection:
        owner = await accounts.local_owner(connection)
        ids = [owner.account_id]
        for name, deposit in (("second", 100_000), ("poor", 1_000)):
            made = await connection.execute(
                "INSERT INTO accounts (user_id, name, balance) VALUES (%s, %s, %s) RETURNING id",
                [owner.user_id, name, deposit],
            )
            ids.append((await made.fetchone())[0])
            await connection.execute(
                "INSERT INTO ledger (account_id, kind, amount) VALUES (%s, 'deposit', %s)", [ids[-1], deposit]
            )
    return Asking(owner.user_id, tuple(ids))


async def followed(services, who, accounts=None, **settings) -> int:
    source = await source_id(services, **settings)
    for account_id in who.account_ids if accounts is None else accounts:
        await follow_source(services, who, source, account_id, Overrides())
    return source


def books_are_in_order(services) -> None:
    for name, query in INVARIANTS.items():
        assert rows(services, query) == [], name


async def test_every_account_that_follows_trades_it_once_whoever_passes_and_how_often(services, who):
    source = await followed(services, who, position_size=Decimal(2000), leverage_max=3)
    signals = [await says(services, leverage=10), await says(services, leverage=3, notes="second")]
    (stored, _) = await store_signals(services, source, coming(*signals))
    await asyncio.gather(*(trade_signals(services) for _ in range(6)))
    first, second, _poor = who.account_ids
    trades = rows(services, "SELECT account_id, signal_id, leverage, position_size, source, status FROM trades")
    assert len(trades) == 4
    assert {row[2:] for row in trades} == {(3, Decimal(2000), "mine", "OPEN")}
    assert len({row[:2] for row in trades}) == 4
    assert {row[0] for row in trades} == {first, second}
    decided = (await read_signal(services, who, stored.signal.id)).decisions
    assert [each.outcome for each in decided] == ["accepted", "accepted", "rejected"]
    assert (decided[2].code, Decimal(decided[2].numbers["free"])) == ("insufficient_balance", 1000)
    assert Decimal(decided[2].numbers["needed"]) > 1900
    assert rows(services, "SELECT DISTINCT status FROM signals") == [("EXECUTED",)]
    assert await trade_signals(services) == Passed()
    books_are_in_order(services)


async def test_the_accounts_stream_tells_what_was_not_traded_and_the_sources_what_was(services, who):
    source = await followed(services, who, [who.account_ids[2]], position_size=Decimal(2000))
    await store_signals(services, source, coming(await says(services)))
    await trade_signals(services)
    stream = f"a{who.account_ids[2]}"
    async with services.pool.connection() as connection:
        page = await event_log.read(connection, {stream: 0, f"s{source}": 0}, 10)
    told = [(event.stream, event.seq, msgspec.json.decode(event.payload)) for event in page.events]
    assert [(place, seq, data["type"], data["action"]) for place, seq, data in told] == [
        (stream, 1, "signal", "not_traded"),
        (f"s{source}", 1, "signal", "created"),
        (f"s{source}", 2, "signal", "rejected"),
    ]
    assert told[0][2]["decision"]["code"] == "insufficient_balance"
    assert "decision" not in told[2][2], "what one account decided is nobody else's business"


async def test_two_trades_of_one_pass_cannot_both_have_the_last_money(services, who):
    source = await followed(services, who, [who.account_ids[2]], position_size=Decimal(800))
    await store_signals(services, source, coming(await says(services), await says(services, notes="second")))
    await trade_signals(services)
    assert sorted(row[1] for row in rows(services, DECIDED)) == ["accepted", "rejected"]
    books_are_in_order(services)


async def test_without_a_fresh_price_it_waits_and_expires_with_the_numbers(services, who):
    source = await followed(services, who, [who.account_ids[0]], max_lag_seconds=120)
    (stored,) = await store_signals(services, source, coming(await says(services)))
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET signal_time = signal_time - interval '60 s'")
    quotes = await services.prices.all(Market.FUTURES)
    await services.redis.delete("prices:FUTURES")
    assert await trade_signals(services) == Passed(waiting=1)
    assert rows(services, DECIDED) == []
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET expires_at = signal_time + interval '59 s'")
    assert (await trade_signals(services)).refusals == 1
    (decision,) = (await read_signal(services, who, stored.signal.id)).decisions
    assert (decision.outcome, decision.code, decision.numbers["max_seconds"]) == ("expired", "signal_expired", "59.0")
    assert rows(services, "SELECT status, code FROM signals") == [("EXPIRED", "signal_expired")]
    assert quotes


async def test_a_price_that_comes_in_time_is_traded(services, who):
    source = await followed(services, who, [who.account_ids[0]])
    signal = await says(services)
    quotes = await services.prices.all(Market.FUTURES)
    await services.redis.flushall()
    await store_signals(services, source, coming(signal))
    assert (await trade_signals(services)).waiting == 1
    await services.prices.store(Market.FUTURES, quotes)
    assert (await trade_signals(services)).trades == 1


async def test_only_what_comes_after_the_follow_and_nothing_of_a_source_that_does_not_trade(services, who):
    source = await source_id(services)
    await store_signals(services, source, coming(await says(services)))
    await follow_source(services, who, source, who.account_ids[0], Overrides())
    assert await trade_signals(services) == Passed()
    await edit_source(services, who, source, {"auto_trade": False})
    (late,) = await store_signals(services, source, coming(await says(services, notes="after")))
    assert await trade_signals(services) == Passed()
    opened = await trade_by_hand(services, who, late.signal.id, who.account_ids[0])
    assert msgspec.json.decode(opened.body)["signal_id"] == late.signal.id
    traded = await read_signal(services, who, late.signal.id)
    assert (traded.status, [each.outcome for each in traded.decisions]) == ("EXECUTED", ["accepted"])


async def test_what_nobody_trades_of_a_source_that_does_not_by_itself_is_skipped(services, who):
    source = await followed(services, who, who.account_ids[:2], auto_trade=False)
    one, two = await store_signals(
        services, source, coming(await says(services, notes="one"), await says(services, notes="two"))
    )
    await trade_by_hand(services, who, one.signal.id, who.account_ids[0])
    await trade_signals(services)
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET expires_at = signal_time + interval '1 ms'")
    assert await trade_signals(services) == Passed(concluded=1)
    found = [await read_signal(services, who, each.signal.id) for each in (one, two)]
    assert [each.status for each in found] == ["EXECUTED", "EXPIRED"]
    assert [[d.outcome for d in each.decisions] for each in found] == [["accepted", "skipped"], ["skipped", "skipped"]]
    assert {d.code for each in found for d in each.decisions} == {None, "auto_trade_off"}


async def test_switching_auto_trade_on_trades_what_comes_from_then_on(services, who):
    source = await followed(services, who, who.account_ids[:1], auto_trade=False)
    waiting = await says(services)
    ended = NewSignal(market_type=Market.FUTURES, symbol="BTCUSDT", action=SignalAction.EXIT)
    (before, _) = await store_signals(services, source, coming(waiting, ended))
    await edit_source(services, who, source, {"auto_trade": True})
    assert await trade_signals(services) == Passed()
    await edit_source(services, who, source, {"position_size": Decimal(200)})
    await store_signals(services, source, coming(await says(services, notes="after")))
    await store_signals(services, source, coming(msgspec.structs.replace(ended, notes="after")))
    passed = await trade_signals(services)
    assert (passed.trades, passed.endings, passed.waiting) == (1, 1, 0), "neither waits for what came before"
    await trade_by_hand(services, who, before.signal.id, who.account_ids[0])
    assert rows(services, "SELECT count(*) FROM trades") == [(2,)]
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET expires_at = signal_time + interval '1 ms'")
    await trade_signals(services)
    assert rows(services, "SELECT status FROM signals ORDER BY id") == [
        ("EXECUTED",),
        ("EXPIRED",),
        *[("EXECUTED",)] * 2,
    ]
    assert rows(services, "SELECT code FROM signal_decisions WHERE outcome = 'skipped'") == [("auto_trade_off",)]


async def test_by_hand_once_an_account_and_after_a_refusal(services, who):
    source = await followed(services, who, [who.account_ids[2]], position_size=Decimal(2000))
    (stored,) = await store_signals(services, source, coming(await says(services)))
    await trade_signals(services)
    poor = who.account_ids[2]
    small = Overrides(position_size=Decimal(700), entry_type=EntryType.MARKET)
    with pytest.raises(Conflict, match="needs"):
        await trade_by_hand(services, who, stored.signal.id, poor)
    tries = [trade_by_hand(services, who, stored.signal.id, poor, small) for _ in range(8)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["already_traded"] * 7
    again = await trade_by_hand(services, who, stored.signal.id, who.account_ids[0], small, key="k")
    repeated = await trade_by_hand(services, who, stored.signal.id, who.account_ids[0], small, key="k")
    assert (repeated.repeated, repeated.body) == (True, again.body)
    with pytest.raises(NotFound):
        await trade_by_hand(services, who, stored.signal.id, 999)
    books_are_in_order(services)


async def test_a_cancelled_signal_is_traded_no_further(services, who):
    source = await followed(services, who)
    (stored,) = await store_signals(services, source, coming(await says(services)))
    assert (await cancel_signal(services, who, stored.signal.id)).status == "CANCELLED"
    assert await trade_signals(services) == Passed()
    for refused in (cancel_signal(services, who, stored.signal.id), trade_by_hand(services, who, 1, 1)):
        with pytest.raises(Conflict) as error:
            await refused
        assert error.value.code == "signal_state"
    with pytest.raises(NotFound):
        await read_signal(services, Asking(who.user_id + 1, ()), stored.signal.id)


async def test_percentages_are_of_the_price_at_the_time_and_limits_rest(services, who):
    source = await followed(services, who, [who.account_ids[0]], entry_type=EntryType.LIMIT)
    now = datetime.now(UTC)
    priced = await says(
        services, stop_loss=None, take_profit=None, stop_loss_percent=Decimal(10), take_profit_percent=Decimal(20),
        entry_price=Decimal(1000), signal_time=now - timedelta(seconds=1),
    )  # fmt: skip
    without = await says(services, "ETHUSDT")
    _, refused = await store_signals(services, source, coming(priced, without))
    assert refused.signal.code == "limit_without_price"
    await trade_signals(services)
    columns = "status, limit_price, stop_loss, targets -> 0 ->> 'price'"
    ((status, limit, stop, target),) = rows(services, f"SELECT {columns} FROM trades")
    assert (status, limit, stop, Decimal(target)) == ("PENDING", 1000, 900, 1200)


async def test_an_entry_zone_and_its_end_are_the_trades_where_it_waits_and_a_record_where_it_does_not(services, who):
    source = await followed(services, who, [who.account_ids[0]])
    await follow_source(services, who, source, who.account_ids[1], Overrides(entry_type=EntryType.MARKET))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=4)
    levels = {
        "stop_loss": None,
        "stop_loss_percent": Decimal(10),
        "take_profit": None,
        "take_profit_percent": Decimal(20),
    }
    signal = await says(services, entry_zone=(Decimal(1000), Decimal(900)), entry_expires_at=until, **levels)
    zone = (Decimal(90_000), Decimal(80_000))
    short = await says(services, "ETHUSDT", direction=Direction.SHORT, entry_zone=zone, **levels)
    stored, _ = [each.signal for each in await store_signals(services, source, coming(signal, short))]
    assert (stored.entry_type, stored.entry_price, stored.rules) == (
        EntryType.LIMIT, 1000, Rules(entry_zone=Decimal(900), entry_expires_at=until),
    )  # fmt: skip
    await trade_signals(services)
    waiting, market, mirrored, _ = rows(
        services,
        """SELECT t.status, t.limit_price, t.stop_loss, (t.rules ->> 'entry_expires_at')::timestamptz,
               (t.rules ->> 'entry_zone')::numeric FROM trades t ORDER BY signal_id, account_id""",
    )
    assert waiting == ("PENDING", 1000, 900, until, 900)
    assert (market[0], market[1], *market[3:]) == ("OPEN", None, None, None)
    assert (mirrored[0], mirrored[1], mirrored[4]) == ("PENDING", 80_000, 90_000)


async def test_an_entry_that_ends_before_its_signal_arose_is_refused_by_its_name(services, who):
    source = await followed(services, who)
    ended = await says(services, entry_zone=(Decimal(1), Decimal(2)), entry_expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    (stored,) = await store_signals(services, source, coming(ended))
    assert (stored.signal.code, stored.signal.field) == ("expires_before_it_arose", "entry_expires_at")


@pytest.mark.parametrize("at_market", [True, False])
async def test_an_entry_whose_own_end_is_over_is_made_by_nobody_that_takes_its_limit(services, who, at_market):
    source = await followed(services, who, [who.account_ids[0]], max_lag_seconds=3600)
    now = datetime.now(UTC)
    times = {"signal_time": now - timedelta(minutes=10), "entry_expires_at": now - timedelta(minutes=5)}
    limit = await price(services) * 101 / 100
    signal = await says(services, entry_type=EntryType.LIMIT, entry_price=limit, **times)
    await store_signals(services, source, coming(signal))
    if at_market:
        await follow_source(services, who, source, who.account_ids[0], Overrides(entry_type=EntryType.MARKET))
    await trade_signals(services)
    outcome = ("accepted", None) if at_market else ("rejected", "entry_expired")
    assert rows(services, "SELECT outcome, code FROM signal_decisions") == [outcome]
