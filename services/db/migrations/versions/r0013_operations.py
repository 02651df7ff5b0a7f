"""Operations: halts, trades struck out, trades brought from another system.

Revision ID: 0013
Revises: 0019
"""

from alembic import op

revision = "0013"
down_revision = "0019"
branch_labels = None
depends_on = None

HALTS = """
-- What an operator has stopped; no row: it runs.
CREATE TABLE halts (
    what text PRIMARY KEY CHECK (what IN ('fleet', 'new_trades')),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
    by_whom text NOT NULL CHECK (length(by_whom) BETWEEN 1 AND 200),
    since timestamptz NOT NULL DEFAULT now()
);
"""

# Only the system stops and strikes out; the API's callers read what is stopped.
GRANTS = """
REVOKE INSERT, UPDATE, DELETE ON halts FROM paperfleet_api;
REVOKE ALL ON voids, imported_trades FROM paperfleet_api;
CREATE TRIGGER audited AFTER INSERT OR DELETE ON halts FOR EACH ROW
    WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
CREATE TRIGGER audited AFTER INSERT ON voids FOR EACH ROW
    WHEN (current_setting('paperfleet.via', true) <> '') EXECUTE FUNCTION audited_change();
"""

VOIDS = """
-- A voided trade counts for nothing: what it booked is reversed by one row. Its fills stay, to be looked at.
ALTER TABLE trades DROP CONSTRAINT trades_status_check,
    ADD CONSTRAINT trades_status_check CHECK (status IN ('PENDING', 'OPEN', 'CLOSED_TP', 'CLOSED_SL', 'CLOSED_MANUAL',
        'CLOSED_LIQUIDATED', 'CLOSED_EXPIRED', 'CANCELLED', 'VOIDED')),
    ADD CONSTRAINT voided_is_worth_nothing CHECK (status <> 'VOIDED' OR profit_loss = 0);
CREATE TABLE voids (
    trade_id bigint PRIMARY KEY REFERENCES trades,
    status text NOT NULL,
    profit_loss numeric NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
    by_whom text NOT NULL CHECK (length(by_whom) BETWEEN 1 AND 200),
    at timestamptz NOT NULL DEFAULT now()
);
"""

IMPORTS = """
-- Where trades came from that another system made: each is brought once.
CREATE TABLE imported_trades (
    account_id bigint NOT NULL REFERENCES accounts,
    origin text NOT NULL CHECK (length(origin) BETWEEN 1 AND 80),
    origin_id bigint NOT NULL,
    trade_id bigint NOT NULL UNIQUE REFERENCES trades,
    PRIMARY KEY (account_id, origin, origin_id)
);
"""

# The kinds of ledger rows are those that this database knows by now, and one more.
LEDGER = """
DO $$
DECLARE known text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint
                       WHERE conrelid = 'ledger'::regclass AND conname = 'ledger_kind_check');
BEGIN
    ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check;
    EXECUTE 'ALTER TABLE ledger ADD CONSTRAINT ledger_kind_check CHECK (kind = ''void'' OR '
        || substring(known FROM '^CHECK (.*)$') || ')';
END $$;
"""


def upgrade() -> None:
    """Add tables, a status and a kind of ledger row."""
    for statements in (HALTS, VOIDS, IMPORTS, LEDGER, GRANTS):
        op.execute(statements)
