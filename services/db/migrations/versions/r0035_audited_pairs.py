"""The audit log tells of pairs, of the epoch and of the books what they were.

Revision ID: 0035
Revises: 0034
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_NAMED = "FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change()"
AUDITED = f"""
CREATE TRIGGER audited AFTER UPDATE ON instruments {_NAMED};
CREATE TRIGGER audited AFTER UPDATE OF epoch, reconciled_at ON system {_NAMED};
"""


def upgrade() -> None:
    """Add two triggers."""
    op.execute(AUDITED)
