"""Which accounts' courses have to be kept ahead of questions; a day's courses are found by the day.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COURSES = """
CREATE TABLE courses_due (
    account_id bigint PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Housekeeping's own: nobody who asks through the API has anything to do with it.
REVOKE ALL ON courses_due FROM paperfleet_api;
ALTER TABLE courses_due ENABLE ROW LEVEL SECURITY;
INSERT INTO courses_due (account_id) SELECT DISTINCT account_id FROM results;
-- Whoever strikes a trade out looks for the courses of its day.
CREATE INDEX courses_day ON courses (day);
"""


def upgrade() -> None:
    """Add a table and an index; all accounts that have closed anything are due."""
    op.execute(COURSES)
