"""Lists: filters, and pages that stay whole while the list grows."""

from datetime import datetime
from decimal import Decimal

from services.db.trade_list import WINDOW_ROWS
from services.domain.market import Market
from tests.api.running import order, pages


async def several(api, services, count, **changes):
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    body = order("FUTURES", "BTCUSDT", price, **changes)
    answers = [await api.http.post("/api/paper-trades/", json=body) for _ in range(count)]
    return [answer.json()["id"] for answer in answers]


async def test_pages_are_stable_while_trades_are_added_and_closed(api, services):
    known = await several(api, services, 7)

    async def disturb():
        await several(api, services, 3)
        await api.http.post(f"/api/paper-trades/{known[1]}/close_trade/", json={})

    found = await pages(api, "/api/paper-trades/", disturb, limit=2)
    assert [trade["id"] for trade in found] == known[::-1]
    positions = await pages(api, "/api/paper-trades/open_positions/", limit=2)
    assert [trade["id"] for trade in positions] == [each for each in range(known[-1] + 3, 0, -1) if each != known[1]]


async def test_the_trades_of_several_accounts_come_as_one_list(api, services):
    mine = (await api.http.get("/api/accounts/")).json()["results"][0]["id"]
    others = [(await api.http.post("/api/accounts/", json={"name": f"another {n}"})).json()["id"] for n in range(2)]
    made = []
    for account_id in [mine, *others] * 3:
        made += await several(api, services, 1, account_id=account_id)
    await api.http.post(f"/api/paper-trades/{made[4]}/close_trade/", json={})

    async def ids(**query):
        return [trade["id"] for trade in await pages(api, "/api/paper-trades/", limit=2, **query)]

    assert await ids() == made[::-1]
    assert await ids(status="OPEN") == [each for each in reversed(made) if each != made[4]]
    assert await ids(account_id=others[0]) == made[1::3][::-1]


async def test_each_filter_narrows(api, services):
    price = (await services.prices.one(Market.SPOT, "ETHUSDT")).last
    (open_,) = await several(api, services, 1, source="scanner")
    (closed,) = await several(api, services, 1)
    (pending,) = await several(api, services, 1, entry_type="LIMIT", entry_price="20000", stop_loss="1")
    above = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last * Decimal("1.5")
    (short,) = await several(api, services, 1, direction="SHORT", stop_loss=str(above), take_profit="1")
    spot = (await api.http.post("/api/paper-trades/", json=order("SPOT", "ETHUSDT", price))).json()["id"]
    await api.http.post(f"/api/paper-trades/{closed}/close_trade/", json={})

    async def ids(**query):
        return {trade["id"] for trade in await pages(api, "/api/paper-trades/", **query)}

    assert await ids() == {open_, closed, pending, short, spot}
    assert await ids(status="CLOSED_MANUAL") == {closed}
    assert await ids(status="OPEN,PENDING") == await ids(status=["OPEN", "PENDING"]) == {open_, pending, short, spot}
    assert await ids(status=["PENDING", "CLOSED_MANUAL"]) == {pending, closed}
    assert await ids(market_type="SPOT") == await ids(symbol="ETHUSDT") == {spot}
    assert await ids(direction="SHORT", market_type="FUTURES") == {short}
    assert await ids(source="scanner") == {open_}
    middle = datetime.fromisoformat((await api.http.get(f"/api/paper-trades/{pending}/")).json()["created_at"])
    assert await ids(**{"from": middle.isoformat()}) == {pending, short, spot}
    assert await ids(to=middle.isoformat()) == {open_, closed}
    assert await ids(status="OPEN", to=middle.isoformat()) == {open_}


async def test_account_and_ledger_agree(api, services):
    (trade,) = await several(api, services, 1)
    await api.http.post(f"/api/paper-trades/{trade}/close_trade/", json={})
    await several(api, services, 1)
    (account,) = (await api.http.get("/api/accounts/")).json()["results"]
    assert account == (await api.http.get(f"/api/accounts/{account['id']}/")).json()
    entries = await pages(api, f"/api/accounts/{account['id']}/ledger/", limit=2)
    assert sum(Decimal(entry["amount"]) for entry in entries) == Decimal(account["balance"])
    assert [entry["kind"] for entry in entries][-1] == "deposit"
    assert Decimal(account["free"]) == Decimal(account["balance"]) - Decimal(account["reserved"])
    assert Decimal(account["reserved"]) > 0
    closed = (await api.http.get(f"/api/paper-trades/{trade}/")).json()
    booked = sum(Decimal(entry["amount"]) for entry in entries if entry["trade_id"] == trade)
    assert booked == Decimal(closed["profit_loss"])


async def test_a_filter_that_hardly_matches_gives_short_pages_not_long_scans(api, services):
    (wanted,) = await several(api, services, 1)
    await api.http.post(f"/api/paper-trades/{wanted}/close_trade/", json={})
    async with services.pool.connection() as connection:
        await connection.execute(_MANY_LATER, [WINDOW_ROWS + 10, wanted])
    first = (await api.http.get("/api/paper-trades/?status=CLOSED_MANUAL")).json()
    assert (first["results"], bool(first["next"])) == ([], True)
    assert [trade["id"] for trade in await pages(api, "/api/paper-trades/", status="CLOSED_MANUAL")] == [wanted]


_MANY_LATER = """
INSERT INTO trades (account_id, instrument_id, direction, entry_type, limit_price, stop_loss, initial_stop,
    position_size, leverage, quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, status, reserved,
    exit_reason, created_at, updated_at)
SELECT account_id, instrument_id, direction, 'LIMIT', entry_price, stop_loss, initial_stop, position_size, leverage,
    quantity, maker_rate, taker_rate, fill_model, half_spread, average_range, 'CANCELLED', 0, 'cancelled',
    created_at + n * interval '1 second', updated_at
FROM trades, generate_series(1, %s::int) AS n WHERE id = %s
"""
