"""What the last reconciliation of the books found.

Revision ID: 0033
Revises: 0032
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BOOKS = """
-- As of when they were compared (NULL: never), and the rows that differed, by check.
ALTER TABLE system ADD reconciled_at timestamptz, ADD differences jsonb NOT NULL DEFAULT '{}';
"""


def upgrade() -> None:
    """Add two columns."""
    op.execute(BOOKS)
