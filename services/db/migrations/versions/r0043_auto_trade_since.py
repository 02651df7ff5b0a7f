"""Since when a source that did not trade by itself does.

Revision ID: 0043
Revises: 0042
"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

SINCE = """
-- NULL: it always did, or has not been switched on since this column is there.
ALTER TABLE sources ADD auto_trade_since timestamptz;
"""


def upgrade() -> None:
    """Add a column."""
    op.execute(SINCE)
