"""Trades lie in partitions, by ranges of twenty million ids. What there was is the first, as it is: no row moves.

Revision ID: 0040
Revises: 0039
"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

CHILDREN = (
    "imported_trades",
    "ledger",
    "live_triggers",
    "signal_decisions",
    "trade_commands",
    "trade_exits",
    "trade_revisions",
    "voids",
)
"""The tables whose `trade_id` is a trade's."""
LOCK = f"LOCK TABLE trades, {', '.join(CHILDREN)} IN ACCESS EXCLUSIVE MODE"

# Identity columns of partitioned tables came with PostgreSQL 17: the numbers come from a sequence of the same name.
# It is renamed first: whoever takes a number holds that up, so none is given twice.
NUMBERS = """
ALTER SEQUENCE trades_id_seq RENAME TO trades_0_id_seq;
CREATE SEQUENCE trades_id_seq;
SELECT setval('trades_id_seq', last_value, is_called) FROM trades_0_id_seq;
GRANT USAGE, SELECT ON SEQUENCE trades_id_seq TO paperfleet_api;
"""

# Made anew on the table of all partitions: its own names, the same rules.
TABLE = """
ALTER TABLE trades RENAME TO trades_0;
ALTER TABLE trades_0 RENAME CONSTRAINT trades_pkey TO trades_0_pkey;
ALTER INDEX trades_newest RENAME TO trades_0_newest;
ALTER INDEX trades_signal RENAME TO trades_0_signal;
ALTER INDEX trades_closed RENAME TO trades_0_closed;
ALTER TABLE trades_0 ALTER id DROP IDENTITY;
CREATE TABLE trades (LIKE trades_0 INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (id);
ALTER TABLE trades DROP CONSTRAINT trades_below;
ALTER TABLE trades ADD PRIMARY KEY (id),
    ADD FOREIGN KEY (account_id) REFERENCES accounts,
    ADD FOREIGN KEY (instrument_id) REFERENCES instruments,
    ADD FOREIGN KEY (signal_id) REFERENCES signals,
    ALTER id SET DEFAULT nextval('trades_id_seq');
ALTER SEQUENCE trades_id_seq OWNED BY trades.id;
CREATE INDEX trades_newest ON trades (account_id, created_at, id);
CREATE INDEX trades_signal ON trades (signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX trades_closed ON trades (account_id, exit_time, id) WHERE exit_time IS NOT NULL;
"""

# The second lock, which a partition asked for by its own name would not have.
RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON trades TO paperfleet_api;
ALTER TABLE trades ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON trades TO paperfleet_api USING ({visible}) WITH CHECK ({visible});
DROP POLICY own ON trades_0;
ALTER TABLE trades_0 DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON trades_0 FROM paperfleet_api;
"""
_VISIBLE = "account_id = ANY ((SELECT visible_accounts())::bigint[])"
_VISIBLE_TRADE = "EXISTS (SELECT FROM trades t WHERE t.id = trade_id)"
POLICIES = {
    "trade_exits": _VISIBLE_TRADE,
    "trade_revisions": _VISIBLE_TRADE,
    "trade_commands": _VISIBLE_TRADE,
    "voids": "false",
}
"""Of the tables whose rows are seen by whoever sees their trade, what may be written."""

PARTITIONS = """
DROP TRIGGER audited ON trades_0;
DO $$ DECLARE bound bigint; BEGIN
    SELECT substring(pg_get_constraintdef(oid) FROM '[0-9]{7,}') INTO STRICT bound
        FROM pg_constraint WHERE conname = 'trades_below' AND conrelid = 'trades_0'::regclass;
    EXECUTE format('ALTER TABLE trades ATTACH PARTITION trades_0 FOR VALUES FROM (MINVALUE) TO (%s)', bound);
END $$;
ALTER TABLE trades_0 DROP CONSTRAINT trades_below;
"""

# A trigger of a row is told its partition's name; the log tells of the table.
AUDITED = """
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('audited_change'::regproc), 'lower(TG_OP), TG_TABLE_NAME,',
        'lower(TG_OP), coalesce(pg_partition_root(TG_RELID)::regclass::text, TG_TABLE_NAME),');
END $$;
CREATE TRIGGER audited AFTER INSERT OR UPDATE ON trades
    FOR EACH ROW WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
"""


def upgrade() -> None:
    """Exchange the table in one short transaction; the references to it are looked at by the next revision."""
    op.execute(LOCK)
    for statements in (NUMBERS, TABLE, RIGHTS.format(visible=_VISIBLE), PARTITIONS, AUDITED):
        op.execute(statements)
    for table in CHILDREN:
        op.execute(
            f"""ALTER TABLE {table} DROP CONSTRAINT {table}_trade_id_fkey,
                ADD CONSTRAINT {table}_trade_id_fkey FOREIGN KEY (trade_id) REFERENCES trades NOT VALID"""
        )
    for table, written in POLICIES.items():
        op.execute(f"ALTER POLICY own ON {table} USING ({_VISIBLE_TRADE}) WITH CHECK ({written})")
