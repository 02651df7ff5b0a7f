"""Outgoing webhooks, notification targets, their cursors and deliveries; the mode of accounts.

Revision ID: 0012
Revises: 0007
"""

from alembic import op

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None

OUTLETS = """
-- A place that events go to. What both kinds share: how it is doing, and whose turn it is.
CREATE TABLE outlets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('webhook', 'notification')),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    secret_url text NOT NULL CHECK (length(secret_url) BETWEEN 1 AND 2000), -- may hold tokens: masked in the audit log
    rules json NOT NULL DEFAULT '[]',
    quiet_hours json,
    secret text CHECK ((secret IS NOT NULL) = (kind = 'webhook')),
    previous_secret text,
    previous_until timestamptz,
    verified_at timestamptz,
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since timestamptz,
    retry_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL DEFAULT now(),
    lease text NOT NULL DEFAULT '',
    delivered_total bigint NOT NULL DEFAULT 0,
    failed_total bigint NOT NULL DEFAULT 0,
    dead_total bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nulls(previous_secret, previous_until) IN (0, 2)),
    CHECK ((failures = 0) = (failing_since IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX outlets_user ON outlets (user_id, id);
-- How far each outlet has taken over each stream: all events up to seq are in deliveries, or not wanted.
CREATE TABLE consumers (
    outlet_id bigint NOT NULL REFERENCES outlets ON DELETE CASCADE,
    stream text NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 0),
    PRIMARY KEY (outlet_id, stream)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE TABLE deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outlet_id bigint NOT NULL REFERENCES outlets ON DELETE CASCADE,
    message_id text NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    type text NOT NULL,
    account_id bigint,
    body text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    last_attempt_at timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    status_code integer,
    error text NOT NULL DEFAULT '',
    milliseconds integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (outlet_id, message_id),
    CHECK (body IS NOT NULL OR state = 'delivered')
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX deliveries_waiting ON deliveries (outlet_id, id) WHERE state = 'waiting';
CREATE INDEX deliveries_listed ON deliveries (outlet_id, state, id);
CREATE INDEX deliveries_age ON deliveries (created_at);
"""

MODES = """
-- An account with a row that has not run out is live: its new signals are also handed to that webhook.
CREATE TABLE account_modes (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    outlet_id bigint NOT NULL REFERENCES outlets ON DELETE CASCADE,
    since timestamptz NOT NULL DEFAULT now(),
    live_until timestamptz NOT NULL,
    changed_by bigint NOT NULL REFERENCES users ON DELETE CASCADE
);
CREATE INDEX account_modes_outlet ON account_modes (outlet_id);
-- One question asked before an account goes live; its answer counts once, and for a minute.
CREATE TABLE mode_tokens (
    account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    outlet_id bigint NOT NULL REFERENCES outlets ON DELETE CASCADE,
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
-- Every change of mode, for ever. No foreign keys: what was done stays written when users and webhooks go.
CREATE TABLE mode_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    mode text NOT NULL CHECK (mode IN ('paper', 'live')),
    reason text NOT NULL,
    user_id bigint,
    outlet_id bigint,
    live_until timestamptz
);
CREATE INDEX mode_changes_account ON mode_changes (account_id, id);
"""

AUDITED = """
CREATE TRIGGER audited AFTER INSERT OR UPDATE OF secret_url, secret, description, rules, quiet_hours, verified_at,
    enabled OR DELETE ON outlets FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '')
    EXECUTE FUNCTION audited_change();
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON account_modes
    FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
"""

_OWN_OUTLET = "EXISTS (SELECT FROM outlets o WHERE o.id = outlet_id)"
_OWN_ACCOUNT = "EXISTS (SELECT FROM accounts a WHERE a.id = account_id AND a.user_id = (SELECT present_user()))"
POLICIES = {
    "outlets": "user_id = (SELECT present_user())",
    "consumers": _OWN_OUTLET,
    "deliveries": _OWN_OUTLET,
    "account_modes": _OWN_ACCOUNT,
    "mode_tokens": _OWN_ACCOUNT,
    "mode_changes": _OWN_ACCOUNT,
}


def upgrade() -> None:
    """Create the tables."""
    op.execute(OUTLETS)
    op.execute(MODES)
    op.execute(AUDITED)
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO paperfleet_api USING ({rule}) WITH CHECK ({rule})")
