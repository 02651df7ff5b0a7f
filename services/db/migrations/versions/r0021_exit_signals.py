"""Signals that end what earlier ones of their source opened.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

EXITS = """
ALTER TABLE signals
    ADD action text NOT NULL DEFAULT 'ENTRY' CHECK (action IN ('ENTRY', 'EXIT')),
    DROP CONSTRAINT whole_unless_rejected,
    DROP CONSTRAINT one_stop_unless_rejected,
    ADD CONSTRAINT whole_unless_rejected CHECK
        (status = 'REJECTED' OR num_nulls(instrument_id, targets, rules) = 0),
    ADD CONSTRAINT entry_is_whole_unless_rejected CHECK
        (status = 'REJECTED' OR action <> 'ENTRY'
            OR (direction IS NOT NULL AND num_nonnulls(stop_loss, stop_loss_percent) = 1));
ALTER TABLE signal_decisions
    DROP CONSTRAINT signal_decisions_outcome_check,
    DROP CONSTRAINT reason_unless_accepted,
    ADD CONSTRAINT signal_decisions_outcome_check
        CHECK (outcome IN ('accepted', 'closed', 'rejected', 'expired', 'skipped')),
    ADD CONSTRAINT reason_unless_taken CHECK
        ((outcome IN ('accepted', 'closed')) = (code IS NULL) AND (code IS NULL) = (reason IS NULL));
ALTER TABLE trade_commands
    DROP CONSTRAINT trade_commands_kind_check,
    ADD CONSTRAINT trade_commands_kind_check CHECK (kind IN ('close', 'cancel', 'edit', 'end')),
    ADD CONSTRAINT end_has_quote CHECK (kind <> 'end' OR (bid IS NOT NULL AND ask IS NOT NULL));
"""


def upgrade() -> None:
    """Change the checks."""
    op.execute(EXITS)
