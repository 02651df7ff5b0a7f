"""Alembic environment: forward only, each revision safe while the previous code still runs."""
