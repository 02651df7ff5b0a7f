"""This code on a schema one revision further: what a migration may do while older processes still run."""

import psycopg
import pytest

from services.db import backup, reconcile
from services.domain.market import Market
from services.usecases.export_account import export_account
from services.usecases.import_account import import_account
from services.usecases.maintain import maintain
from services.usecases.void_trade import void_trade
from tests.api.running import exchange, market, order, serving, settings_of_test

# Columns everywhere, with and without a default, a table that refers to others, an index, a looser check.
NEXT = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        EXECUTE format('ALTER TABLE %I ADD of_next text, ADD counted_by_it bigint NOT NULL DEFAULT 7', name);
    END LOOP;
END $$;
CREATE TABLE of_the_next_version (trade_id bigint PRIMARY KEY REFERENCES trades, note text NOT NULL);
CREATE INDEX trades_next ON trades (counted_by_it);
UPDATE alembic_version SET version_num = 'next';
"""


@pytest.fixture(scope="module")
def urls():
    with exchange() as found:
        yield found


async def test_everything_goes_on_while_the_schema_is_ahead(servers, database_url, redis_url, urls, tmp_path):
    settings = settings_of_test(database_url, redis_url, urls)
    async with market(settings) as services:
        with serving(settings) as api:
            async with api.http:
                price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
                wish = order("FUTURES", "BTCUSDT", price)
                before = (await api.http.post("/api/paper-trades/", json=wish)).json()
                with psycopg.connect(database_url) as connection:
                    connection.execute(NEXT)

                after = await api.http.post("/api/paper-trades/", json=wish)
                assert after.status_code == 201, "connections of before the migration go on"
                for trade in (before, after.json()):
                    url = f"/api/paper-trades/{trade['id']}/close_trade/"
                    assert (await api.http.post(url, json={})).json()["status"] == "CLOSED_MANUAL"
                assert (await api.http.get("/api/paper-trades/performance/")).json()["total_trades"] == 2
    async with market(settings) as services:  # a process that starts now
        await void_trade(services, before["id"], "a test", "anna")
        await maintain(services)
        async with services.pool.connection() as connection:
            assert await reconcile.differences(connection) == {}
        lines = [line async for line in export_account(services, 1)]
    with servers.database() as elsewhere:
        async with market(settings_of_test(elsewhere, redis_url, urls)) as services:
            assert (await import_account(services, lines, "local", "brought")).trades == 2
    assert (await backup.back_up(database_url, tmp_path / "ahead.zip")).revision == "next"
