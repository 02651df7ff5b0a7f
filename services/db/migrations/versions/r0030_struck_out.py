"""Trades that were struck out: why is seen by whoever sees the trade, and kept courses know of it.

Revision ID: 0030
Revises: 0013
"""

from alembic import op

revision = "0030"
down_revision = "0013"
branch_labels = None
depends_on = None

STRUCK_OUT = """
-- Grows with every trade that is struck out: what was worked out before is not to be kept after.
ALTER TABLE system ADD struck_out bigint NOT NULL DEFAULT 0;
GRANT SELECT ON voids TO paperfleet_api;
ALTER TABLE voids ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON voids TO paperfleet_api
    USING (EXISTS (SELECT FROM trades t WHERE t.id = trade_id)) WITH CHECK (false);
"""


def upgrade() -> None:
    """Add a counter and a policy."""
    op.execute(STRUCK_OUT)
