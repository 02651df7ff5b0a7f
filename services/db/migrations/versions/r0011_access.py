"""Access: users with passwords, sessions, API keys, invitations, public links, the audit log, row-level security.

Revision ID: 0011
Revises: 0008
"""

from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

PEOPLE = """
-- No password: nobody can sign in as this user.
ALTER TABLE users ADD role text NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')),
    ADD password_hash text CHECK (length(password_hash) <= 400),
    ADD disabled_at timestamptz;
UPDATE users SET role = 'admin' WHERE name = 'local';
-- Whose account it is in name only: anybody may read it.
ALTER TABLE accounts ADD is_public boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX accounts_public ON accounts (is_public) WHERE is_public;
ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check, ADD CONSTRAINT ledger_kind_check
        CHECK (kind IN ('deposit', 'reset', 'entry_fee', 'gross_profit', 'exit_fee', 'loss_cap', 'funding')),
    DROP CONSTRAINT ledger_check, ADD CONSTRAINT deposits_have_no_trade
        CHECK ((kind IN ('deposit', 'reset')) = (trade_id IS NULL));

CREATE TABLE invitations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    role text NOT NULL CHECK (role IN ('admin', 'user')),
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_by bigint REFERENCES users,
    revoked_at timestamptz
);
CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    address text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    key_id text NOT NULL UNIQUE CHECK (length(key_id) = 8),
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    scopes text[] NOT NULL CHECK (scopes <@ '{read,trade,admin}' AND cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);
CREATE TABLE public_links (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX public_links_account ON public_links (account_id, id);
"""

AUDIT = """
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    user_id bigint,
    via text NOT NULL,
    address text NOT NULL DEFAULT '',
    action text NOT NULL,
    subject text NOT NULL,
    subject_id text NOT NULL DEFAULT '',
    account_id bigint,
    before jsonb,
    after jsonb
);
CREATE INDEX audit_log_age ON audit_log (at);
CREATE INDEX audit_log_user ON audit_log (user_id, id);
CREATE INDEX audit_log_subject ON audit_log (subject, id);
-- What somebody changes is written down by the transaction that changes it: columns that differ, secrets masked.
-- Who it is comes with the transaction (paperfleet.via, .user_id, .address); the fleet's own work has no such name.
CREATE FUNCTION audited_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    was jsonb := '{}';
    is_ jsonb := '{}';
    whole jsonb;
    secret text;
BEGIN
    IF TG_OP <> 'INSERT' THEN was := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN is_ := to_jsonb(NEW); END IF;
    whole := was || is_;
    SELECT coalesce(jsonb_object_agg(key, value) FILTER (WHERE is_ -> key IS DISTINCT FROM value), '{}')
        INTO was FROM jsonb_each(was);
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(jsonb_object_agg(key, is_ -> key), '{}') INTO is_ FROM jsonb_object_keys(was) AS key;
    END IF;
    FOR secret IN SELECT key FROM jsonb_object_keys(was || is_) AS key WHERE key ~ '(hash|secret|token)' LOOP
        IF was ? secret THEN was := jsonb_set(was, ARRAY[secret], '"***"'); END IF;
        IF is_ ? secret THEN is_ := jsonb_set(is_, ARRAY[secret], '"***"'); END IF;
    END LOOP;
    INSERT INTO audit_log (user_id, via, address, action, subject, subject_id, account_id, before, after)
    VALUES (nullif(current_setting('paperfleet.user_id', true), '')::bigint, current_setting('paperfleet.via', true),
            coalesce(current_setting('paperfleet.address', true), ''), lower(TG_OP), TG_TABLE_NAME,
            coalesce(whole ->> 'id', whole ->> 'trade_id', ''),
            CASE TG_TABLE_NAME WHEN 'accounts' THEN whole ->> 'id' ELSE whole ->> 'account_id' END::bigint,
            nullif(was, '{}'), nullif(is_, '{}'));
    RETURN NULL;
END $$;
"""

_NAMED = "FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change()"
AUDITED = f"""
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON users {_NAMED};
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON invitations {_NAMED};
CREATE TRIGGER audited AFTER INSERT OR DELETE ON sessions {_NAMED};
CREATE TRIGGER audited AFTER INSERT OR UPDATE OF name, scopes, expires_at, revoked_at OR DELETE ON api_keys {_NAMED};
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON public_links {_NAMED};
CREATE TRIGGER audited AFTER INSERT OR UPDATE OF name, spot_maker, spot_taker, futures_maker, futures_taker, fill_model,
    max_open_trades, max_symbol_exposure, max_leverage ON accounts {_NAMED};
CREATE TRIGGER audited AFTER INSERT ON ledger FOR EACH ROW
    WHEN (NEW.trade_id IS NULL AND current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON trades {_NAMED};
CREATE TRIGGER audited AFTER INSERT ON trade_commands {_NAMED};
"""

# The second lock: a forgotten WHERE shows nothing of others. The API acts as paperfleet_api and tells each transaction
# whose it is; the owner of the tables (workers, migrations) is not bound. live_triggers stays free: whether a pair
# has live trades at all is asked for everybody's.
ROLE = """
DO $$ BEGIN
    CREATE ROLE paperfleet_api NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT paperfleet_api TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO paperfleet_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO paperfleet_api;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO paperfleet_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO paperfleet_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO paperfleet_api;
REVOKE ALL ON audit_log, invitations FROM paperfleet_api;
REVOKE UPDATE, DELETE ON ledger, events FROM paperfleet_api;

CREATE FUNCTION present_user() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('paperfleet.user_id', true), '')::bigint $$;
CREATE FUNCTION visible_accounts() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, public AS
    $$ SELECT coalesce(array_agg(id), '{}') FROM accounts WHERE is_public OR user_id = present_user() $$;
"""

_MINE = "user_id = (SELECT present_user())"
_VISIBLE = "account_id = ANY ((SELECT visible_accounts())::bigint[])"
_VISIBLE_TRADE = "EXISTS (SELECT FROM trades t WHERE t.id = trade_id)"
_VISIBLE_STREAM = """CASE WHEN stream ~ '^a[0-9]+$'
    THEN substr(stream, 2)::bigint = ANY ((SELECT visible_accounts())::bigint[]) ELSE true END"""
POLICIES = {
    "users": "id = (SELECT present_user())",
    "accounts": f"is_public OR {_MINE}",
    "sessions": _MINE,
    "api_keys": _MINE,
    "public_links": _VISIBLE,
    "trades": _VISIBLE,
    "ledger": _VISIBLE,
    "trade_exits": _VISIBLE_TRADE,
    "trade_revisions": _VISIBLE_TRADE,
    "trade_commands": _VISIBLE_TRADE,
    "events": _VISIBLE_STREAM,
}


def upgrade() -> None:
    """Create everything."""
    for statements in (PEOPLE, AUDIT, AUDITED, ROLE):
        op.execute(statements)
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO paperfleet_api USING ({rule}) WITH CHECK ({rule})")
