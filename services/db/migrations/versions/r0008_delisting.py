"""Pairs that end: since when one is seen as halted, when it ended and at what price; leverage as brackets allow it.

Revision ID: 0008
Revises: 0009
"""

from alembic import op

revision = "0008"
down_revision = "0009"
branch_labels = None
depends_on = None

ENDINGS = """
-- break_since: first seen as BREAK, and ever since. delisted_at: what ended it is known; the status follows once the
-- last bars are walked and every trade has ended. settlement_price: NULL for the last traded price.
ALTER TABLE instruments ADD break_since timestamptz, ADD delisted_at timestamptz,
    ADD settlement_price numeric CHECK (settlement_price > 0 AND settlement_price < 'Infinity');
"""

LEVERAGE = """
ALTER TABLE trades DROP CONSTRAINT trades_leverage_check,
    ADD CONSTRAINT trades_leverage_check CHECK (leverage BETWEEN 1 AND 150);
"""


def upgrade() -> None:
    """Add the columns, and let leverage go as high as the brackets do."""
    op.execute(ENDINGS)
    op.execute(LEVERAGE)
