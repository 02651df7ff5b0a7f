"""A key that is rotated keeps until when it was to hold.

Revision ID: 0036
Revises: 0035
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

KEYS = """
-- expires_at as it was before the first rotation, infinity for never; NULL while nobody has rotated the key.
ALTER TABLE api_keys ADD was_to_expire_at timestamptz;
"""


def upgrade() -> None:
    """Add a column."""
    op.execute(KEYS)
