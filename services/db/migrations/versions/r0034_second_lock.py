"""The second lock covers sources, what they said and who follows them, kept answers, and the partitions themselves.

Revision ID: 0034
Revises: 0033
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

KEPT_ANSWERS = """
-- Whose answer it is: a key is known to who sent it only. NULL is nobody: whoever trades on the public account unasked.
ALTER TABLE idempotency ADD user_id bigint;
ALTER TABLE idempotency ALTER user_id SET DEFAULT present_user();
UPDATE idempotency i SET user_id = CASE
    WHEN scope ~ '^(account|key|rotate|invite):[0-9]+' THEN split_part(scope, ':', 2)::bigint
    ELSE (SELECT a.user_id FROM accounts a WHERE a.id = split_part(scope, ':', 2)::bigint AND NOT a.is_public) END
WHERE scope ~ '^[a-z_]+:[0-9]{1,18}(:|$)';
CREATE UNIQUE INDEX idempotency_owner ON idempotency (scope, key, coalesce(user_id, 0));
ALTER TABLE idempotency DROP CONSTRAINT idempotency_pkey;
"""

# A partition asked for by its own name is bound by none of its table's policies; whoever asks the table needs no right
# to it. What a table made later gives the API's role, its migration says.
RIGHTS = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM paperfleet_api;
DO $$ DECLARE partition regclass; BEGIN
    FOR partition IN SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relispartition AND relkind = 'r'
    LOOP EXECUTE format('REVOKE ALL ON %s FROM paperfleet_api', partition); END LOOP;
END $$;
REVOKE DELETE ON sources, signals, signal_payloads, idempotency FROM paperfleet_api;
"""

_VISIBLE_ACCOUNTS = "(SELECT visible_accounts())::bigint[]"
_OWN_SOURCE = "s.user_id = (SELECT present_user())"
_SAID_BY = "EXISTS (SELECT FROM sources s WHERE s.id = source_id{rule})"
# Each table's rule for what is seen, and for what is written.
POLICIES = {
    "follows": (f"account_id = ANY ({_VISIBLE_ACCOUNTS})",) * 2,
    "sources": (
        f"""is_public OR user_id = (SELECT present_user())
            OR EXISTS (SELECT FROM follows f WHERE f.source_id = id AND f.account_id = ANY ({_VISIBLE_ACCOUNTS}))""",
        "user_id = (SELECT present_user())",
    ),
    # What an account has decided on stays in its people's sight: their trades came of it. A scalar, for EXISTS would be
    # hashed: all that a busy account ever decided.
    "signals": (
        _SAID_BY.format(rule="")
        + f""" OR (SELECT true FROM signal_decisions d
            WHERE d.signal_id = signals.id AND d.account_id = ANY ({_VISIBLE_ACCOUNTS}) LIMIT 1)""",
        _SAID_BY.format(rule=f" AND {_OWN_SOURCE}"),
    ),
    "signal_payloads": (
        f"""EXISTS (SELECT FROM signals g JOIN sources s ON s.id = g.source_id
            WHERE g.id = signal_id AND {_OWN_SOURCE})""",
    )
    * 2,
    "idempotency": ("user_id IS NOT DISTINCT FROM (SELECT present_user())",) * 2,
}
_STREAM = f"""CASE WHEN stream ~ '^a[0-9]+$' THEN substr(stream, 2)::bigint = ANY ({_VISIBLE_ACCOUNTS})
    WHEN stream ~ '^s[0-9]+$' THEN EXISTS (SELECT FROM sources s WHERE s.id = substr(stream, 2)::bigint{{rule}})
    ELSE true END"""

# Processes of before this revision receive alerts in nobody's name: what they need of sources with a webhook stays
# theirs as long as they may run; a release later these go.
_ALERT = "present_user() IS NULL AND current_setting('paperfleet.via', true) ~ '^(anonymous|source [0-9]+)$'"
_BY_WEBHOOK = _SAID_BY.format(rule=f" AND s.secret_hash IS NOT NULL AND (SELECT {_ALERT})")
ALERTS = f"""
CREATE POLICY older_alerts ON sources TO paperfleet_api USING (secret_hash IS NOT NULL AND (SELECT {_ALERT}));
CREATE POLICY older_alerts_seen ON signals FOR SELECT TO paperfleet_api USING ({_BY_WEBHOOK});
CREATE POLICY older_alerts ON signals FOR INSERT TO paperfleet_api WITH CHECK ({_BY_WEBHOOK});
CREATE POLICY older_alerts ON signal_payloads FOR INSERT TO paperfleet_api WITH CHECK (
    EXISTS (SELECT FROM signals g WHERE g.id = signal_id) AND (SELECT {_ALERT}));
CREATE POLICY older_alerts ON events FOR INSERT TO paperfleet_api WITH CHECK (
    stream ~ '^s[0-9]+$' AND (SELECT {_ALERT}));
"""


def upgrade() -> None:
    """Add a column, the policies, and take rights away."""
    op.execute(KEPT_ANSWERS)
    op.execute(RIGHTS)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO paperfleet_api USING ({seen}) WITH CHECK ({written})")
    seen, written = _STREAM.format(rule=""), _STREAM.format(rule=f" AND {_OWN_SOURCE}")
    op.execute(ALERTS)
    op.execute(f"ALTER POLICY own ON events USING ({seen}) WITH CHECK ({written})")
