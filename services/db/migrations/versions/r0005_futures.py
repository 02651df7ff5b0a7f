"""Futures: maintenance brackets on trades, liquidation on the mark price, settled funding; trades of delisted pairs.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REASONS = """('take_profit', 'stop_loss', 'break_even', 'target_stop', 'trailing_stop', 'manual', 'liquidation',
    'delisted', 'time_stop', 'cancelled', 'entry_expired', 'target_before_entry', 'stop_before_entry')"""

TRADES = f"""
ALTER TABLE trades ADD brackets jsonb NOT NULL DEFAULT '[]',
    DROP CONSTRAINT trades_exit_reason_check,
    ADD CONSTRAINT trades_exit_reason_check CHECK (exit_reason IN {REASONS});
ALTER TABLE trade_exits ADD funding numeric NOT NULL DEFAULT 0 CHECK (funding > '-Infinity' AND funding < 'Infinity'),
    DROP CONSTRAINT trade_exits_reason_check,
    ADD CONSTRAINT trade_exits_reason_check CHECK (reason IN {REASONS});
ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check,
    ADD CONSTRAINT ledger_kind_check
        CHECK (kind IN ('deposit', 'entry_fee', 'gross_profit', 'exit_fee', 'loss_cap', 'funding'));
-- Where the mark price liquidates: only live trades of futures have one.
ALTER TABLE live_triggers ADD mark_lower numeric, ADD mark_upper numeric;
CREATE INDEX live_triggers_mark_lower ON live_triggers (instrument_id, mark_lower) WHERE mark_lower IS NOT NULL;
CREATE INDEX live_triggers_mark_upper ON live_triggers (instrument_id, mark_upper) WHERE mark_upper IS NOT NULL;
"""

FUNDING = """
-- What a LONG has paid for each unit at each settlement (amount = mark price x rate), and the sum up to and with it.
CREATE TABLE funding_settlements (
    instrument_id integer NOT NULL REFERENCES instruments,
    time timestamptz NOT NULL,
    amount numeric NOT NULL CHECK (amount > '-Infinity' AND amount < 'Infinity'),
    total numeric NOT NULL CHECK (total > '-Infinity' AND total < 'Infinity'),
    PRIMARY KEY (instrument_id, time)
);
-- The next settlement of each contract that is not stored yet; NULL where none is to come.
CREATE TABLE funding_clocks (
    instrument_id integer PRIMARY KEY REFERENCES instruments,
    due timestamptz
);
-- Brackets that an operator has brought; without a row the shipped table holds.
CREATE TABLE leverage_brackets (
    symbol text PRIMARY KEY,
    brackets jsonb NOT NULL,
    brought_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Add columns, indexes and tables."""
    op.execute(TRADES)
    op.execute(FUNDING)
