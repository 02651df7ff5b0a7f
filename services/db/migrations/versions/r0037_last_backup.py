"""When and how large the last backup is.

Revision ID: 0037
Revises: 0036
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

LAST_BACKUP = """
-- The moment of the last backup that `paperfleet backup` made (NULL: none), and the size of its file.
ALTER TABLE system ADD backed_up_at timestamptz, ADD backup_bytes bigint;
CREATE TRIGGER audited_backup AFTER UPDATE OF backed_up_at ON system
    FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
"""


def upgrade() -> None:
    """Add two columns and a trigger."""
    op.execute(LAST_BACKUP)
