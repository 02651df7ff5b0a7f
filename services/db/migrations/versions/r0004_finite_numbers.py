"""Money is a finite number: NaN passes `x > 0` in PostgreSQL, where it counts as larger than everything.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Infinity lies below NaN and above every number, so one comparison turns both away.
FINITE = """
ALTER TABLE accounts ADD CONSTRAINT money_is_finite CHECK
    (balance > '-Infinity' AND balance < 'Infinity' AND reserved < 'Infinity');
ALTER TABLE ledger ADD CONSTRAINT money_is_finite CHECK (amount > '-Infinity' AND amount < 'Infinity');
ALTER TABLE instruments ADD CONSTRAINT grid_is_finite CHECK
    (tick_size < 'Infinity' AND step_size < 'Infinity' AND min_quantity < 'Infinity' AND min_notional < 'Infinity');
ALTER TABLE watermarks ADD CONSTRAINT prices_are_finite CHECK
    (average_range < 'Infinity' AND last_close < 'Infinity');
"""


def upgrade() -> None:
    """Add the checks."""
    op.execute(FINITE)
