"""Which exported account an account was brought from.

Revision ID: 0044
Revises: 0043
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

ORIGIN = """
-- NULL: it was opened here, or brought before this column was there.
ALTER TABLE accounts ADD origin text CHECK (length(origin) BETWEEN 1 AND 80);
CREATE UNIQUE INDEX accounts_origin ON accounts (origin) WHERE origin IS NOT NULL;
"""


def upgrade() -> None:
    """Add a column."""
    op.execute(ORIGIN)
