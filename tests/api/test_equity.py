"""Equity over time: sampled on a running market, read over HTTP."""

from datetime import timedelta
from decimal import Decimal

import msgspec

from services.db import equity_samples, retention
from services.domain.market import Market
from services.domain.metrics.equity_curve import Sample, Span
from services.usecases.sample_equity import sample_equity
from tests.api.running import order


async def sample(services):
    """As the fleet would after its rest."""
    await services.redis.delete("rest:sample_equity")
    return await sample_equity(services)


async def stored(services, span):
    async with services.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT account_id, equity, positions, bitcoin FROM equity_samples WHERE span = %s ORDER BY 1, time",
            [span],
        )
        return await cursor.fetchall()


async def read(api, **query):
    answer = await api.http.get("/api/paper-trades/equity/", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_only_accounts_that_move_are_sampled(api, services):
    accounts = await sample(services)
    assert accounts > 0  # the first time, all of them
    assert await sample(services) == 0  # nothing has moved
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    opened = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()
    assert await sample(services) == 1
    assert await sample_equity(services) == 0  # it rests
    assert await sample(services) == 1  # as long as a position is open
    found = [row for row in await stored(services, "day") if row[0] == opened["account_id"]]
    account = (await api.http.get(f"/api/accounts/{opened['account_id']}/")).json()
    bitcoin = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
    assert found == [(opened["account_id"], Decimal(account["equity"]), 1, bitcoin)]
    await api.http.post(f"/api/paper-trades/{opened['id']}/close_trade/", json={})
    assert await sample(services) == 1
    assert await sample(services) == 0
    (row,) = [row for row in await stored(services, "day") if row[0] == opened["account_id"]]
    assert row[2] == 0
    curve = await read(api, days=1)
    assert (curve["span"], curve["points"][-1]["positions"]) == ("minute", 0)
    assert curve["points"][-1]["equity"] == curve["points"][-1]["balance"]


def made(number: int, equity: int, bitcoin: int | None, start) -> Sample:
    value = Decimal(equity)
    return Sample(
        time=start + timedelta(minutes=20 * number),
        equity=value,
        profit_low=value - 1000,
        profit_high=value - 1000,
        balance=value,
        deposits=Decimal(1000),
        positions=1,
        bitcoin=None if bitcoin is None else Decimal(bitcoin),
    )


async def test_the_curve_its_drawdown_and_bitcoin(api, services):
    id_ = (await api.http.get("/api/accounts/")).json()["results"][0]["id"]
    start = (await services.clock.now(Market.SPOT)).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= timedelta(days=2)
    equities = (1000, 1100, 1050, 880, 1210, 1200)
    prices = (50_000, 55_000, None, 40_000, 45_000, 60_000)
    async with services.pool.connection() as connection:
        for number, (equity, price) in enumerate(zip(equities, prices, strict=True)):
            await equity_samples.store(connection, [(id_, made(number, equity, price, start))])
        late = made(1, 1, 1, start)  # a sample that comes after a later one of its hour changes nothing of it
        await equity_samples.store(connection, [(id_, late)])
    curve = await read(api, span="minute")
    assert [Decimal(point["equity"]) for point in curve["points"]] == [*equities]
    assert (curve["return_percent"], curve["bitcoin_percent"], curve["ahead_of_bitcoin"]) == ("20.00", "20.00", "0.00")
    fall = curve["max_drawdown"]
    assert (Decimal(fall["amount"]), fall["percent"]) == (220, "20.00")  # 1100 to 880
    assert (fall["start"], fall["end"], fall["recovery"]) == tuple(
        (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z") for minutes in (20, 60, 80)
    )
    assert [point["held_bitcoin"] and Decimal(point["held_bitcoin"]) for point in curve["points"]] == [
        1000, 1100, None, 800, 900, 1200
    ]  # fmt: skip
    hours = (await read(api, span="hour"))["points"]
    assert [tuple(Decimal(point[name]) for name in ("equity", "profit_low", "profit_high")) for point in hours] == [
        (1050, 0, 100), (1200, -120, 210)
    ]  # fmt: skip
    following = (start + timedelta(days=1)).date().isoformat()
    curve = await read(api, **{"from": following, "span": "day"})
    assert [point["time"][:10] for point in curve["points"]] == [start.date().isoformat()]  # what it began with
    assert (await read(api, to=start.date().isoformat()))["points"] == []
    answer = await api.http.get("/api/paper-trades/equity/", params={"days": 1, "to": following})
    assert (answer.status_code, answer.json()["code"]) == (422, "two_spans")
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE watermarks SET judged_to = %s", [start + timedelta(days=8)])
        await retention.forget(connection)
    assert [len(await stored(services, span)) for span in Span] == [0, 2, 1]


async def test_a_sample_of_a_minute_takes_the_place_of_the_one_before(services):
    start = await services.clock.now(Market.SPOT)
    start = start.replace(minute=0, second=0, microsecond=0)
    async with services.pool.connection() as connection:
        for seconds, equity in ((5, 10), (10, 7), (2, 99)):
            sample_ = msgspec.structs.replace(made(0, equity, None, start), time=start + timedelta(seconds=seconds))
            await equity_samples.store(connection, [(1, sample_)])
        (found,) = await equity_samples.newest(connection, 1, Span.MINUTE, None, None, 5)
    assert (found.equity, found.profit_low, found.profit_high, found.time) == (7, -993, -990, start)


async def test_the_curve_is_of_one_account_the_first_unless_another_is_named_and_the_document_says_so(api, services):
    own = (await api.http.get("/api/accounts/")).json()["results"]
    first = min(account["id"] for account in own)
    other = (await api.http.post("/api/accounts/", json={"name": "beside it"})).json()["id"]
    now = await services.clock.now(Market.SPOT)
    async with services.pool.connection() as connection:
        await equity_samples.store(connection, [(first, made(0, 1300, 1, now)), (other, made(0, 1700, 1, now))])
    (point,) = (await read(api, span="minute", account_id=other))["points"]
    assert Decimal(point["equity"]) == 1700
    unnamed = await read(api, span="minute")
    assert Decimal(unnamed["points"][-1]["equity"]) == 1300
    assert unnamed == await read(api, span="minute", account_id=first)
    document = (await api.http.get("/api/openapi.json")).json()
    parameters = document["paths"]["/api/paper-trades/equity"]["get"]["parameters"]
    (said,) = [each["description"] for each in parameters if each["name"] == "account_id"]
    assert "if absent, the first of the caller's own" in said
