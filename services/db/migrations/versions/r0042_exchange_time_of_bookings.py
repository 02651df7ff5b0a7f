"""When, by the exchange's clock, money came or went by no trade.

Revision ID: 0042
Revises: 0041
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

EXCHANGE_TIME = """
-- Of deposits and resets; NULL: the exchange could not be asked, or the booking is older than this column.
ALTER TABLE ledger ADD exchange_time timestamptz;
"""


def upgrade() -> None:
    """Add a column."""
    op.execute(EXCHANGE_TIME)
