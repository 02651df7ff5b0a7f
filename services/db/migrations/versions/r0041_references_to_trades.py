"""Every reference to a trade is looked at again, by all partitions; nobody waits meanwhile.

Revision ID: 0041
Revises: 0040
"""

from alembic import op

from services.db.migrations.versions.r0040_partitions_of_trades import CHILDREN

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Look at every row that names a trade."""
    for table in CHILDREN:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_trade_id_fkey")
