"""Migrations from nothing, again, and by two processes at once."""

import asyncio

import psycopg

from services.db.migrate import upgrade

_SCHEMA = """
SELECT 'column', table_name, column_name, data_type || is_nullable || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""


def schema(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(_SCHEMA).fetchall()


def test_from_nothing_and_again(empty_url: str, database_url: str):
    assert schema(empty_url) == []
    upgrade(empty_url)
    made = schema(empty_url)
    with psycopg.connect(empty_url) as connection:
        epoch = connection.execute("SELECT epoch FROM system").fetchone()
    upgrade(empty_url)
    assert schema(empty_url) == made == schema(database_url)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT epoch FROM system").fetchone() == epoch


async def test_several_processes_at_once(empty_url: str, database_url: str):
    await asyncio.gather(*(asyncio.to_thread(upgrade, empty_url) for _ in range(4)))
    assert schema(empty_url) == schema(database_url)
