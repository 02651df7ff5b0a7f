"""The last day of every pair: minutes where they are stored, candles before that, nothing made up."""

from datetime import timedelta
from decimal import Decimal

from services.db import candles, minute_bars
from services.domain.candles import Candle, Timeframe
from services.domain.market import Market
from services.domain.path import MINUTE, Bar, Path

HOUR = timedelta(hours=1)


async def test_a_day_is_told_hour_by_hour_from_minutes_and_candles(api, services):
    hour = Timeframe.H1.floor(await services.clock.now(Market.FUTURES))
    async with services.pool.connection() as connection:
        cursor = await connection.execute("SELECT id FROM instruments WHERE market = 'FUTURES' AND symbol = 'BTCUSDT'")
        ((id_,),) = await cursor.fetchall()
        price = Decimal("50123.4")
        early, late = (bar_at(hour - HOUR + minute * MINUTE, price + minute) for minute in (3, 40))
        await minute_bars.store(connection, [Path(id_, hour - HOUR, hour, (early, late))])
        await candles.store(
            connection, Timeframe.H1, {id_: [Candle(hour - 3 * HOUR, *map(Decimal, ("1", "1", "1", "47000.5", "1")))]}
        )
        await connection.commit()

    results = (await api.http.get("/api/prices/day/")).json()["results"]
    courses = {(each["market_type"], each["symbol"]): each["prices"] for each in results}
    assert courses["FUTURES", "BTCUSDT"] == [*[None] * 22, "47000.5", None, "50163.4"]
    assert set(courses["SPOT", "BTCUSDT"]) == {None}
    assert {len(prices) for prices in courses.values()} == {25}
    assert len(courses) == 966


def bar_at(time, close):
    return Bar(time, time + MINUTE - timedelta(milliseconds=1), close, close, close, close)
