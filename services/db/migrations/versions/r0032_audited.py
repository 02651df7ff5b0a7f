"""The audit log tells of sources, follows and signals too, and of commands what they shall change.

Revision ID: 0032
Revises: 0031
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NOTE = """
-- A row in the name of whom the transaction acts for; nothing where it acts for nobody.
CREATE FUNCTION audit_note(action text, subject text, subject_id text, account_id bigint, before jsonb, after jsonb)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO audit_log (user_id, via, address, action, subject, subject_id, account_id, before, after)
    SELECT nullif(current_setting('paperfleet.user_id', true), '')::bigint, current_setting('paperfleet.via', true),
        coalesce(current_setting('paperfleet.address', true), ''), $1, $2, $3, $4, $5, $6
    WHERE current_setting('paperfleet.via', true) <> ''
$$;
-- Rows without an id are told apart by whose they are.
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('audited_change'::regproc), $old$whole ->> 'trade_id', ''$old$,
        $new$whole ->> 'trade_id', whole ->> 'source_id', whole ->> 'what', ''$new$);
END $$;
"""

_NAMED = "WHEN (current_setting('paperfleet.via', true) <> '')"
SOURCES = f"""
-- event_seq moves with every event: that is no change of the source.
CREATE TRIGGER audited AFTER INSERT OR DELETE ON sources FOR EACH ROW {_NAMED} EXECUTE FUNCTION audited_change();
CREATE TRIGGER audited_update AFTER UPDATE ON sources FOR EACH ROW
    WHEN (NEW.event_seq = OLD.event_seq AND current_setting('paperfleet.via', true) <> '')
    EXECUTE FUNCTION audited_change();
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON follows
    FOR EACH ROW {_NAMED} EXECUTE FUNCTION audited_change();
"""

SIGNALS = f"""
-- One row for what one statement stores: a signal as it came in, of many only which.
CREATE FUNCTION audited_signals() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    n bigint := (SELECT count(*) FROM added);
BEGIN
    IF n = 1 THEN
        PERFORM audit_note('insert', 'signals', id::text, NULL, NULL, jsonb_strip_nulls(to_jsonb(a)) - 'content_hash')
        FROM added a;
    ELSIF n > 1 THEN
        PERFORM audit_note('insert', 'signals', '', NULL, NULL, jsonb_build_object('source_id', min(source_id),
            'signals', n, 'first_id', min(id), 'last_id', max(id))) FROM added;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audited AFTER INSERT ON signals REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT {_NAMED} EXECUTE FUNCTION audited_signals();
CREATE TRIGGER audited_update AFTER UPDATE OF status ON signals
    FOR EACH ROW {_NAMED} EXECUTE FUNCTION audited_change();
"""

COMMANDS = f"""
-- The walk carries a command out later and in nobody's name, so what it shall change is told with it.
CREATE FUNCTION audited_command() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM audit_note('insert', 'trade_commands', t.id::text, t.account_id,
        jsonb_build_object('status', t.status, 'version', t.version, 'stop_loss', t.stop_loss, 'targets', t.targets),
        jsonb_strip_nulls(to_jsonb(NEW)))
    FROM trades t WHERE t.id = NEW.trade_id;
    RETURN NULL;
END $$;
DROP TRIGGER audited ON trade_commands;
CREATE TRIGGER audited AFTER INSERT ON trade_commands FOR EACH ROW {_NAMED} EXECUTE FUNCTION audited_command();
"""


def upgrade() -> None:
    """Add functions and triggers."""
    for statements in (NOTE, SOURCES, SIGNALS, COMMANDS):
        op.execute(statements)
