"""Instruments are of a market: the same symbol on the other one is another pair."""

from decimal import Decimal

from services.db import instruments
from services.domain.market import Filters, InstrumentStatus, Listing, Market
from services.domain.path import MINUTE
from tests.evaluation.desk import GRID, START, Desk


def listing(market: Market, symbol: str, grid: Filters = GRID) -> Listing:
    return Listing(market, symbol, symbol.removesuffix("USDT"), grid)


async def test_a_symbol_is_looked_up_in_its_market(desk: Desk):
    async with desk.pool.connection() as connection:
        for market in Market:
            [found] = await instruments.by_symbols(connection, market, ["BTCUSDT", "NOSUCHUSDT"])
            assert found == desk.instrument("BTCUSDT", market)
            listed = await instruments.listed(connection, market)
            assert {each.market for each in listed} == {market}
        assert len(await instruments.listed(connection)) == 4


async def test_a_refresh_touches_its_market_only(desk: Desk):
    futures = {symbol: desk.instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT")}
    coarse = Filters(Decimal("0.1"), *[getattr(GRID, name) for name in ("step_size", "min_quantity", "min_notional")])
    async with desk.pool.connection() as connection:
        listings = [listing(Market.FUTURES, "BTCUSDT", coarse), listing(Market.FUTURES, "NEWUSDT")]
        done = await instruments.refresh(connection, Market.FUTURES, listings, START + MINUTE)
        assert (done.changed, done.suspended) == ((futures["BTCUSDT"].id,), (futures["ETHUSDT"].id,))
        [new] = await instruments.by_symbols(connection, Market.FUTURES, ["NEWUSDT"])
        assert done.added == (new.id,)
        cursor = await connection.execute("SELECT judged_to FROM watermarks WHERE instrument_id = %s", [new.id])
        assert await cursor.fetchone() == (START + MINUTE,)
        spot = await instruments.by_symbols(connection, Market.SPOT, ["BTCUSDT", "ETHUSDT", "NEWUSDT"])
        assert spot == [desk.instrument(symbol, Market.SPOT) for symbol in ("BTCUSDT", "ETHUSDT")]
        again = await instruments.refresh(connection, Market.FUTURES, listings, START)
        assert again == instruments.Refreshed((), (), (), ())
        back = [*listings, listing(Market.FUTURES, "ETHUSDT")]
        assert (await instruments.refresh(connection, Market.FUTURES, back, START)).resumed == (futures["ETHUSDT"].id,)
        [eth] = await instruments.by_symbols(connection, Market.FUTURES, ["ETHUSDT"])
        assert eth.status is InstrumentStatus.TRADING
