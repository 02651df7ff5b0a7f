"""Who told what a pair that has ended is worth.

Revision ID: 0031
Revises: 0022
"""

from alembic import op

revision = "0031"
down_revision = "0022"
branch_labels = None
depends_on = None

SETTLED_BY = """
-- Means nothing without a price. NULL where the last traded price settles, or an older version has noted another.
ALTER TABLE instruments ADD settled_by text CHECK (settled_by IN ('settlement', 'operator'));
"""


def upgrade() -> None:
    """Add a column."""
    op.execute(SETTLED_BY)
