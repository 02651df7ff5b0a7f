"""Trades get room: a bound that the ids of the first partition stay below.

Revision ID: 0038
Revises: 0037
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# A multiple of 20,000,000, ten million ids ahead at least. What is there already is looked at by the next revision.
BELOW = """
DO $$ BEGIN
    EXECUTE format('ALTER TABLE trades ADD CONSTRAINT trades_below CHECK (id < %s) NOT VALID',
        (SELECT ((last_value + 10000000) / 20000000 + 1) * 20000000 FROM trades_id_seq));
END $$;
"""


def upgrade() -> None:
    """Add a check that new rows meet."""
    op.execute(BELOW)
