"""Candles, scans, and the state of strategies.

Revision ID: 0010
Revises: 0006
"""

from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

# Indicators are no money: a double holds every price the exchange writes, at 15 digits, and numpy takes it as it is.
CANDLES = """
CREATE TABLE candles (
    instrument_id integer NOT NULL REFERENCES instruments,
    timeframe text NOT NULL,
    open_time timestamptz NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume double precision NOT NULL,
    PRIMARY KEY (instrument_id, timeframe, open_time)
);
"""

SCANS = """
CREATE TABLE scans (
    market text NOT NULL CHECK (market IN ('SPOT', 'FUTURES')),
    closed_to timestamptz NOT NULL,
    shard integer NOT NULL,
    timeframes text[] NOT NULL,
    symbols text[] NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at timestamptz,
    found integer NOT NULL DEFAULT 0,
    PRIMARY KEY (market, closed_to, shard)
);
CREATE TABLE disabled_strategies (
    strategy text PRIMARY KEY,
    reason text NOT NULL,
    disabled_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE first_traded (
    instrument_id integer PRIMARY KEY REFERENCES instruments,
    day timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(CANDLES)
    op.execute(SCANS)
