"""Minutes of which the exchange answers nonsense: gaps only once it has done so for long.

Revision ID: 0020
Revises: 0030
"""

from alembic import op

revision = "0020"
down_revision = "0030"
branch_labels = None
depends_on = None

DOUBTS = """
-- Exchange time since which only nonsense was answered about the minute, so many times. NULL: it is a gap for good.
ALTER TABLE finer_gaps ADD doubted_since timestamptz, ADD doubts integer NOT NULL DEFAULT 1;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(DOUBTS)
