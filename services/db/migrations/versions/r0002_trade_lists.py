"""Trade lists: pages by time of creation, at a cost that does not grow with the table.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# created_at and id never change, so closing a trade costs this index nothing more than its predecessor.
INDEX = """
CREATE INDEX trades_newest ON trades (account_id, created_at, id);
DROP INDEX trades_account;
"""


def upgrade() -> None:
    """Replace the index by account and id."""
    op.execute(INDEX)
