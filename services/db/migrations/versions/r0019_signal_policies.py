"""What an account decided on a signal is seen by its own people only.

Revision ID: 0019
Revises: 0012
"""

from alembic import op

revision = "0019"
down_revision = "0012"
branch_labels = None
depends_on = None

POLICY = """
ALTER TABLE signal_decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON signal_decisions TO paperfleet_api
    USING (account_id = ANY ((SELECT visible_accounts())::bigint[]))
    WITH CHECK (account_id = ANY ((SELECT visible_accounts())::bigint[]));
"""


def upgrade() -> None:
    """Add the policy."""
    op.execute(POLICY)
