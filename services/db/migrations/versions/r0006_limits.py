"""Limits of accounts.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LIMITS = """
ALTER TABLE accounts ADD max_open_trades integer CHECK (max_open_trades >= 0),
    ADD max_symbol_exposure numeric CHECK (max_symbol_exposure >= 0 AND max_symbol_exposure < 'Infinity'),
    ADD max_leverage integer CHECK (max_leverage >= 1);
"""


def upgrade() -> None:
    """Add the columns; no limit to begin with."""
    op.execute(LIMITS)
