"""EXIT signals end what earlier signals of their source opened on the pair, on every account that follows, once."""

import asyncio

import pytest

from services.db import accounts
from services.domain.errors import Conflict
from services.domain.market import Market
from services.domain.plan import Direction, EntryType
from services.domain.signal import NewSignal, SignalAction
from services.usecases.sources import Asking
from services.usecases.store_signals import store_signals
from services.usecases.trade_by_hand import trade_by_hand
from services.usecases.trade_signals import Passed, trade_signals
from tests.evaluation.invariants import INVARIANTS
from tests.servers import wait_until
from tests.signals.saying import coming, price, rows, says, source_id

STATES = "SELECT g.notes, t.status FROM trades t JOIN signals g ON g.id = t.signal_id ORDER BY g.notes, t.id"


def leave(direction: Direction | None = None, symbol: str = "BTCUSDT") -> NewSignal:
    return NewSignal(market_type=Market.FUTURES, symbol=symbol, action=SignalAction.EXIT, direction=direction)


async def test_it_ends_what_its_own_source_opened_on_the_pair_and_nothing_else(services):
    mine, other = await source_id(services, followed=True), await source_id(services, "other", followed=True)
    last = await price(services)
    down = {"direction": Direction.SHORT, "stop_loss": last * 6 / 5, "take_profit": last / 2}
    resting = {"entry_type": EntryType.LIMIT, "entry_price": last * 9 / 10}
    await store_signals(
        services,
        mine,
        coming(
            await says(services, notes="long"),
            await says(services, notes="resting", **resting),
            await says(services, notes="short", **down),
            await says(services, "ETHUSDT", notes="another pair"),
        ),
    )
    await store_signals(services, other, coming(await says(services, notes="another source")))
    await trade_signals(services)
    (stored,) = await store_signals(services, mine, coming(leave(Direction.LONG)))
    passed = await asyncio.gather(*(trade_signals(services) for _ in range(4)))
    assert sum(each.endings for each in passed) == 1
    ended = [("another pair", "OPEN"), ("another source", "OPEN"), ("long", "CLOSED_MANUAL"), ("resting", "CANCELLED")]
    await wait_until(lambda: rows(services, STATES) == [*ended, ("short", "OPEN")])
    (outcome, numbers), *rest = rows(
        services, "SELECT outcome, numbers->>'trade_ids' FROM signal_decisions WHERE signal_id = %s", stored.signal.id
    )
    assert (outcome, len(numbers.split()), rest) == ("closed", 2, [])
    assert rows(services, "SELECT status FROM signals WHERE id = %s", stored.signal.id) == [("EXECUTED",)]
    await store_signals(services, mine, coming(leave()))
    await trade_signals(services)
    await wait_until(lambda: rows(services, STATES)[-1] == ("short", "CLOSED_MANUAL"))
    for name, query in INVARIANTS.items():
        assert rows(services, query) == [], name
    assert await trade_signals(services) == Passed()


async def test_it_waits_for_a_price_and_for_what_was_said_before(services):
    mine = await source_id(services, followed=True)
    said = coming(await says(services))
    quotes = await services.prices.all(Market.FUTURES)
    await services.redis.delete("prices:FUTURES")
    await store_signals(services, mine, said)
    await store_signals(services, mine, coming(leave()))
    passed = await trade_signals(services)
    assert (passed.trades, passed.endings, passed.waiting) == (0, 0, 2), "the entry for a price, the exit for the entry"
    await services.prices.store(Market.FUTURES, quotes)
    passed = await trade_signals(services)
    assert (passed.trades, passed.endings, passed.waiting) == (1, 1, 0)
    await wait_until(lambda: rows(services, STATES) == [("", "CLOSED_MANUAL")])


async def test_it_waits_for_no_entry_that_its_account_will_never_decide(services):
    mine = await source_id(services, followed=True)
    await store_signals(services, mine, coming(await says(services)))
    await trade_signals(services)
    async with services.system_pool.connection() as connection:
        await connection.execute("UPDATE users SET disabled_at = now()")
    await store_signals(services, mine, coming(await says(services, notes="of no account")))
    await store_signals(services, mine, coming(leave()))
    passed = await trade_signals(services)
    assert (passed.trades, passed.endings, passed.waiting) == (0, 1, 0)
    await wait_until(lambda: rows(services, STATES) == [("", "CLOSED_MANUAL")])


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_same_exit_is_another_one_once_an_entry_was_said_after_it(services, at_once):
    mine = await source_id(services, followed=True)
    said = [leave(), leave(), await says(services, "ETHUSDT"), leave(), await says(services), leave(), leave()]
    if at_once:
        stored = await store_signals(services, mine, coming(*said))
    else:
        stored = [each for signal in said for each in await store_signals(services, mine, coming(signal))]
    assert [each.repeated for each in stored] == [False, True, False, True, False, False, True]
    assert stored[5].signal.id != stored[0].signal.id == stored[3].signal.id
    await trade_signals(services)
    await wait_until(lambda: sorted(rows(services, STATES)) == [("", "CLOSED_MANUAL"), ("", "OPEN")])


@pytest.mark.parametrize("short_of", ["room", "money"])
async def test_an_entry_that_needs_what_an_exit_before_it_frees_waits_for_that(services, short_of):
    mine = await source_id(services, followed=True)
    async with services.system_pool.connection() as connection:
        if short_of == "room":
            await connection.execute("UPDATE accounts SET max_open_trades = 1")
        else:
            await connection.execute("UPDATE ledger SET amount = 110")
            await connection.execute("UPDATE accounts SET balance = 110")
    await store_signals(services, mine, coming(await says(services, notes="long")))
    await trade_signals(services)
    last = await price(services)
    down = {"direction": Direction.SHORT, "stop_loss": last * 6 / 5, "take_profit": last / 2}
    await store_signals(services, mine, coming(leave(Direction.LONG), await says(services, notes="short", **down)))
    assert (await trade_signals(services)).waiting == 1
    await wait_until(lambda: rows(services, STATES) == [("long", "CLOSED_MANUAL")])
    assert (await trade_signals(services)).trades == 1
    assert rows(services, STATES) == [("long", "CLOSED_MANUAL"), ("short", "OPEN")]
    await store_signals(services, mine, coming(await says(services, notes="no exit before it")))
    assert (await trade_signals(services)).refusals == 1


async def test_where_nothing_is_open_the_decision_says_so_and_nobody_opens_an_exit_by_hand(services):
    mine = await source_id(services, followed=True)
    (stored,) = await store_signals(services, mine, coming(leave()))
    assert (await trade_signals(services)).refusals == 1
    assert rows(services, "SELECT outcome, code FROM signal_decisions") == [("rejected", "nothing_to_end")]
    async with services.pool.connection() as connection:
        owner = await accounts.local_owner(connection)
    who = Asking(owner.user_id, (owner.account_id,))
    with pytest.raises(Conflict) as refused:
        await trade_by_hand(services, who, stored.signal.id, owner.account_id)
    assert refused.value.code == "exit_signal"


async def test_over_http_an_exit_takes_no_plan_an_entry_needs_a_side_and_a_dry_run_names_what_ends(api, services):
    last = await price(services)
    pair = {"source": "mine", "market_type": "FUTURES", "symbol": "BTCUSDT"}
    plan = {"direction": "LONG", "stop_loss": str(last / 2), "take_profit": str(last * 2)}
    refused = await api.http.post("/api/signals/", json=pair | plan | {"action": "EXIT"})
    assert (refused.json()["code"], refused.json()["field"]) == ("not_of_an_exit", "stop_loss")
    refused = await api.http.post("/api/signals/", json=pair | {"stop_loss": "1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_direction")
    dry = (await api.http.post("/api/signals/validate/", json=pair | {"action": "EXIT"})).json()
    assert [each["code"] for each in dry["accounts"]] == ["nothing_to_end"]
    assert (await api.http.post("/api/signals/", json=pair | plan)).status_code == 201
    await trade_signals(services)
    ((trade_id,),) = rows(services, "SELECT id FROM trades")
    dry = (await api.http.post("/api/signals/validate/", json=pair | {"action": "EXIT"})).json()
    assert [(each["outcome"], each["closes"]) for each in dry["accounts"]] == [("closed", [trade_id])]
    assert rows(services, "SELECT count(*) FROM trade_commands") == [(0,)]
