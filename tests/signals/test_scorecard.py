"""Scorecards: the trades of a source's signals by what they have in common, beside BTC and chance."""

from array import array
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import psycopg

from services.db.scorecards import Outcome
from services.domain.candles import Timeframe
from services.domain.market import Market
from services.domain.plan import Direction
from services.usecases.random_entries import RUNS, Hours, compare
from services.usecases.store_signals import store_signals
from services.usecases.trade_signals import trade_signals
from tests.signals.saying import coming, says, source_id

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def closed_trade(api, services, source: int, close: bool = True, **changes: object) -> dict:
    """A trade of the source's signal, closed at the market, however long the test has been running."""
    await asked_just_now(services)
    (stored,) = await store_signals(services, source, coming(await says(services, **changes)))
    await trade_signals(services)
    signal = (await api.http.get(f"/api/signals/{stored.signal.id}/")).json()
    url = f"/api/paper-trades/{signal['decisions'][0]['trade_id']}/"
    if not close:
        return (await api.http.get(url)).json()
    answer = await api.http.post(f"{url}close_trade/")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def asked_just_now(services) -> None:
    """The quotes as if a sweep had just brought them."""
    now, quotes = datetime.now(UTC), await services.prices.all(Market.FUTURES)
    fresh = {symbol: msgspec.structs.replace(quote, asked_at=now) for symbol, quote in quotes.items()}
    await services.prices.store(Market.FUTURES, fresh)


async def test_a_source_is_judged_by_its_own_signals_trades_alone(api, services):
    source, other = await source_id(services, followed=True), await source_id(services, "other", followed=True)
    trades = [
        await closed_trade(api, services, source, symbol=symbol, strategy=strategy, timeframe="1h")
        for symbol, strategy in (("BTCUSDT", "a"), ("ETHUSDT", "a"), ("BTCUSDT", "b"))
    ]
    await closed_trade(api, services, source, close=False, notes="stays open")
    foreign = await closed_trade(api, services, other)
    card = (await api.http.get(f"/api/sources/{source}/scorecard/", params={"group_by": "strategy"})).json()
    net = sum(Decimal(trade["profit_loss"]) for trade in trades)
    total = card["total"]
    assert (total["total_trades"], Decimal(total["total_profit_loss"])) == (3, net)
    assert total["small_sample"]
    assert Decimal(total["win_rate_interval"]["low"]) == 0
    bounds = total["expectancy_interval"]
    assert Decimal(bounds["low"]) <= Decimal(total["expectancy"]) <= Decimal(bounds["high"])
    assert [(group["key"], group["total_trades"]) for group in card["groups"]] == [("a", 2), ("b", 1)]
    assert card["groups"][1]["expectancy_interval"] is None
    assert Decimal(card["equity"][-1]["profit_loss"]) == net
    assert card["bitcoin"]["trades"] == 3
    assert Decimal(card["bitcoin"]["source_profit_loss"]) == net
    assert card["random_entries"] is None, "no hourly candles are stored here"
    by_symbol = (await api.http.get(f"/api/sources/{source}/scorecard/", params={"group_by": "symbol"})).json()
    assert [group["key"] for group in by_symbol["groups"]] == ["FUTURES:BTCUSDT", "FUTURES:ETHUSDT"]
    lines = (await api.http.get("/api/sources/scorecards/")).json()["results"]
    assert {line["key"]: Decimal(line["total_profit_loss"]) for line in lines} == {
        "mine": net,
        "other": Decimal(foreign["profit_loss"]),
    }
    assert (await api.http.get("/api/sources/77/scorecard/")).status_code == 404


async def test_a_line_for_each_direction_and_timeframe(api, services):
    source = await source_id(services, followed=True)
    last = (await says(services)).take_profit / 2
    short = {"direction": Direction.SHORT, "stop_loss": last * 3 / 2, "take_profit": last / 2}
    made = [
        (changes.get("direction", Direction.LONG), timeframe, await closed_trade(api, services, source, **changes))
        for changes, timeframe in (({}, "1h"), (short, "1h"), ({}, "15m"))
        if changes.setdefault("timeframe", timeframe)
    ]
    for by, place in (("direction", 0), ("timeframe", 1)):
        card = (await api.http.get(f"/api/sources/{source}/scorecard/", params={"group_by": by})).json()
        expected = {}
        for each in made:
            expected.setdefault(str(each[place]), []).append(Decimal(each[2]["profit_loss"]))
        assert {
            group["key"]: (group["total_trades"], Decimal(group["total_profit_loss"])) for group in card["groups"]
        } == {key: (len(several), sum(several)) for key, several in expected.items()}


def moved(services, trade: dict, entered: datetime, left: datetime) -> None:
    """The trade as if it had been held from `entered` to `left`: two units from 100 USDT."""
    with psycopg.connect(services.settings.database_url) as connection:
        connection.execute(
            "UPDATE trades SET entry_time = %s, exit_time = %s, entry_price = 100, quantity = 2 WHERE id = %s",
            [entered, left, trade["id"]],
        )


def stored_minutes(services, closes: dict[datetime, int]) -> None:
    with psycopg.connect(services.settings.database_url) as connection:
        for opened, close in closes.items():
            connection.execute(
                """INSERT INTO minute_bars SELECT id, %(at)s, %(close)s, %(close)s, %(close)s, %(close)s
                   FROM instruments WHERE market = 'SPOT' AND symbol = 'BTCUSDT'""",
                {"at": opened, "close": close},
            )


async def test_bitcoin_is_priced_to_the_minute_however_long_the_history(api, services):
    """200 USDT each: +1 % in the seven minutes of one trade, -3 % in the one minute of another, months before."""
    source = await source_id(services, followed=True)
    short, old = [await closed_trade(api, services, source, notes=notes) for notes in "ab"]
    moved(services, short, NOON + timedelta(seconds=30), NOON + timedelta(minutes=7, seconds=59, milliseconds=999))
    moved(services, old, NOON - timedelta(days=150), NOON - timedelta(days=150) + timedelta(seconds=61))
    minute = timedelta(minutes=1)
    stored_minutes(
        services,
        {
            NOON - minute: 50_000,  # the last whole minute before 12:00:30
            NOON: 51_000,
            NOON + 6 * minute: 49_000,
            NOON + 7 * minute: 50_500,  # ends with 12:07:59.999
            NOON - timedelta(days=150) - minute: 20_000,
            NOON - timedelta(days=150): 19_400,
        },
    )
    card = (await api.http.get(f"/api/sources/{source}/scorecard/")).json()["bitcoin"]
    assert (card["trades"], card["interval"]) == (2, "1m")
    assert Decimal(card["profit_loss"]) == 200 * Decimal("0.01") - 200 * Decimal("0.03")


async def test_bitcoin_comes_from_candles_where_no_minute_is_stored(api, services):
    source = await source_id(services, followed=True)
    now = datetime.now(UTC).replace(second=30, microsecond=0)
    ends = [now - timedelta(hours=5 * number) for number in range(1, 4)]
    for end in ends:
        trade = await closed_trade(api, services, source, notes=str(end))
        moved(services, trade, end - timedelta(minutes=40), end)
    card = (await api.http.get(f"/api/sources/{source}/scorecard/")).json()["bitcoin"]
    expected = Decimal(0)
    for end in ends:
        first, last = [await minute_close(api, at) for at in (end - timedelta(minutes=40), end)]
        expected += 200 * (last - first) / first
    assert (card["trades"], card["interval"]) == (3, "1m")
    assert abs(Decimal(card["profit_loss"]) - expected) < Decimal("0.00000001")
    assert expected != 0


async def minute_close(api, at: datetime) -> Decimal:
    """The close of the last minute that was over at hh:mm:30."""
    begin = at.replace(second=0) - timedelta(minutes=1)
    query = {"market_type": "SPOT", "symbol": "BTCUSDT", "interval": "1m", "from": begin.isoformat(), "limit": 1}
    (candle,) = (await api.http.get("/api/candles/", params=query)).json()["candles"]
    return Decimal(candle["close"])


async def test_a_candle_tells_nothing_of_a_trade_inside_it(api, services):
    """Over five years in ten requests only candles of hours remain: the short trade is left out of both sums."""
    source = await source_id(services, followed=True)
    trades = [await closed_trade(api, services, source, notes=str(number)) for number in range(13)]
    now = datetime.now(UTC)
    for number, trade in enumerate(trades[:12], start=1):
        moved(services, trade, now - timedelta(days=150 * number), now - timedelta(days=150 * number - 1))
    moved(services, trades[12], now - timedelta(minutes=20), now)
    card = (await api.http.get(f"/api/sources/{source}/scorecard/")).json()["bitcoin"]
    assert card["trades"] == 12
    assert timedelta(minutes=20) < Timeframe(card["interval"]).length < timedelta(days=1)
    assert Decimal(card["source_profit_loss"]) == sum(Decimal(trade["profit_loss"]) for trade in trades[:12])


async def test_a_scorecard_sets_a_source_beside_random_entries_of_equal_risk(api, services):
    source = await source_id(services, followed=True)
    trade = await closed_trade(api, services, source)
    with psycopg.connect(services.settings.database_url) as connection:
        connection.execute(
            """INSERT INTO candles
               SELECT id, '1h', date_trunc('hour', now()) - n * interval '1 h', 50, 50.1, 49.9, 50, 1
               FROM instruments, generate_series(1, 100) n WHERE market = 'FUTURES' AND symbol = 'BTCUSDT'"""
        )
    url = f"/api/sources/{source}/scorecard/"
    beside = (await api.http.get(url, params={"seed": 5})).json()["random_entries"]
    risk = abs(Decimal(trade["entry_price"]) - Decimal(trade["stop_loss"])) * Decimal(trade["quantity"])
    assert (beside["trades"], beside["runs"], beside["seed"]) == (1, RUNS, 5)
    assert abs(Decimal(beside["mean_r"]) - Decimal(trade["profit_loss"]) / risk) < Decimal("0.001")
    still = -Decimal(trade["fees"]) / risk  # a market that stands still brings nothing, and costs the fees
    assert abs(Decimal(beside["random_mean_r"]) - still) < Decimal("0.001")
    assert beside == (await api.http.get(url, params={"seed": 5})).json()["random_entries"]
    begin, end = (datetime.fromisoformat(beside[name]) for name in ("hours_from", "hours_to"))
    assert (end - begin, (end.minute, end.second)) == (timedelta(hours=100), (0, 0))
    assert timedelta(0) <= datetime.now(UTC) - end < timedelta(hours=1, minutes=5)


def outcome(profit: str, hours: int = 2, direction: Direction = Direction.LONG, number: int = 1) -> Outcome:
    """One unit bought at 100, 10 at risk, 20 to win, without fees."""
    sign = direction.sign
    return Outcome(
        id=number,
        instrument_id=1,
        market=Market.FUTURES,
        symbol="BTCUSDT",
        direction=direction,
        quantity=Decimal(1),
        entry_price=Decimal(100),
        entry_time=NOON,
        exit_time=NOON + timedelta(hours=hours, minutes=-1),
        initial_stop=Decimal(100 - sign * 10),
        target=Decimal(100 + sign * 20),
        fees=Decimal(0),
        profit_loss=Decimal(profit),
    )


def hours(*candles: tuple[float, float, float, float]) -> dict[int, Hours]:
    times = [int((NOON + timedelta(hours=number)).timestamp() * 1000) for number in range(len(candles))]
    return {1: Hours(times, *(array("d", column) for column in zip(*candles, strict=True)))}


def test_random_entries_follow_the_rule_in_every_candle():
    flat, fall, rise = (100.0, 101.0, 99.0, 100.0), (100.0, 101.0, 80.0, 100.0), (100.0, 130.0, 99.0, 100.0)
    both = (100.0, 130.0, 80.0, 100.0)
    for candle, expected in ((flat, 0), (fall, -1), (rise, 2), (both, -1)):
        found = compare([outcome("5")], hours(*[candle] * 10), seed=1)
        assert (found.random_mean_r, found.random_low_r, found.mean_r) == (expected, expected, Decimal("0.5")), candle
        assert found.beaten_share == (100 if expected < 0.5 else 0)
    short = compare([outcome("5", direction=Direction.SHORT)], hours(*[fall] * 10), seed=1)
    assert short.random_mean_r == 2


def test_random_entries_are_the_same_for_the_same_seed_and_need_candles():
    candles = hours(*[(100.0, 100.0 + n % 7, 100.0 - n % 5, 100.0 + n % 3 - 1) for n in range(200)])
    trades = [outcome("3", number=number) for number in range(20)]
    first, again, other = (compare(trades, candles, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first.trades == 20
    assert first.random_low_r < first.random_mean_r < first.random_high_r
    assert first.runs == RUNS
    assert compare(trades, {}, 1) is None
    assert compare([outcome("3", hours=300)], candles, 1) is None
