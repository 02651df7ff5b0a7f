"""Postgres: tables, statements, event streams, migrations."""
