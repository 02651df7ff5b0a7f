"""Trade plans: several targets, exits as rows of a trade, stops that move, and the history of both.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REASONS = """('take_profit', 'stop_loss', 'break_even', 'target_stop', 'trailing_stop', 'manual', 'liquidation',
    'time_stop', 'cancelled', 'entry_expired', 'target_before_entry', 'stop_before_entry')"""

EXITS = f"""
-- The parts in which a trade's quantity left, in order. gross and cap are what the ledger booked.
CREATE TABLE trade_exits (
    trade_id bigint NOT NULL REFERENCES trades,
    part integer NOT NULL CHECK (part > 0),
    reason text NOT NULL CHECK (reason IN {REASONS}),
    time timestamptz NOT NULL,
    price numeric NOT NULL CHECK (price > 0 AND price <> 'NaN'),
    quantity numeric NOT NULL CHECK (quantity > 0 AND quantity <> 'NaN'),
    role text NOT NULL CHECK (role IN ('maker', 'taker')),
    fee numeric NOT NULL CHECK (fee >= 0 AND fee <> 'NaN'),
    gross numeric NOT NULL CHECK (gross <> 'NaN'),
    cap numeric NOT NULL CHECK (cap >= 0 AND cap <> 'NaN'),
    evidence jsonb NOT NULL,
    PRIMARY KEY (trade_id, part)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
-- Where stop and targets came to stand after the trade was made, and what put them there.
CREATE TABLE trade_revisions (
    trade_id bigint NOT NULL REFERENCES trades,
    version integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    stop_loss numeric NOT NULL,
    stop_reason text NOT NULL,
    targets jsonb NOT NULL,
    PRIMARY KEY (trade_id, version)
);
INSERT INTO trade_exits
SELECT t.id, 1, CASE t.status WHEN 'CLOSED_TP' THEN 'take_profit' WHEN 'CLOSED_SL' THEN 'stop_loss' ELSE 'manual' END,
    t.exit_time, t.exit_price, t.quantity, t.exit_role, t.exit_fee,
    sum(l.amount) FILTER (WHERE l.kind = 'gross_profit'),
    coalesce(sum(l.amount) FILTER (WHERE l.kind = 'loss_cap'), 0), t.exit_evidence
FROM trades t JOIN ledger l ON l.trade_id = t.id WHERE t.exit_time IS NOT NULL GROUP BY t.id;
UPDATE ledger SET part = 1 WHERE kind IN ('gross_profit', 'exit_fee', 'loss_cap');
"""

TRADES = f"""
ALTER TABLE trades
    ADD targets jsonb NOT NULL DEFAULT '[]',
    ADD rules jsonb NOT NULL DEFAULT '{{}}',
    ADD initial_stop numeric CHECK (initial_stop > 0 AND initial_stop <> 'NaN'),
    ADD stop_reason text NOT NULL DEFAULT 'stop_loss' CHECK (stop_reason IN {REASONS}),
    ADD trail_level numeric CHECK (trail_level > 0 AND trail_level <> 'NaN'),
    ADD trail_step numeric CHECK (trail_step > 0 AND trail_step <> 'NaN'),
    ADD exit_reason text CHECK (exit_reason IN {REASONS}),
    ADD fees numeric CHECK (fees >= 0 AND fees <> 'NaN'),
    ADD funding numeric CHECK (funding <> 'NaN'),
    ADD mae numeric CHECK (mae <> 'NaN'),
    ADD mfe numeric CHECK (mfe <> 'NaN');
UPDATE trades SET targets = jsonb_build_array(jsonb_build_object('price', take_profit::text, 'fraction', '1')),
    initial_stop = stop_loss,
    exit_reason = CASE status WHEN 'CLOSED_TP' THEN 'take_profit' WHEN 'CLOSED_SL' THEN 'stop_loss'
        WHEN 'CLOSED_MANUAL' THEN 'manual' WHEN 'CANCELLED' THEN 'cancelled' END,
    fees = entry_fee + exit_fee, funding = CASE WHEN exit_time IS NOT NULL THEN 0 END;
ALTER TABLE trades
    ALTER initial_stop SET NOT NULL,
    DROP CONSTRAINT stop_and_target_in_order,
    DROP CONSTRAINT exit_is_whole,
    DROP COLUMN take_profit, DROP COLUMN exit_role, DROP COLUMN exit_fee, DROP COLUMN exit_evidence,
    ADD CONSTRAINT exit_is_whole CHECK (num_nulls(exit_time, exit_price, fees, funding, profit_loss) IN (0, 5)),
    ADD CONSTRAINT final_has_reason CHECK ((status IN ('PENDING', 'OPEN')) = (exit_reason IS NULL)),
    ADD CONSTRAINT trail_is_whole CHECK ((trail_level IS NULL) = (trail_step IS NULL)),
    ADD CONSTRAINT prices_are_numbers CHECK (stop_loss <> 'NaN' AND limit_price <> 'NaN' AND entry_price <> 'NaN'
        AND exit_price <> 'NaN' AND quantity <> 'NaN' AND reserved <> 'NaN' AND profit_loss <> 'NaN');
ALTER TABLE trade_commands
    ADD fraction numeric CHECK (fraction > 0 AND fraction <= 1),
    ADD targets jsonb;
UPDATE trade_commands SET targets = jsonb_build_array(jsonb_build_object('price', take_profit::text, 'fraction', '1'))
WHERE take_profit IS NOT NULL;
ALTER TABLE trade_commands DROP COLUMN take_profit;
"""


def upgrade() -> None:
    """Create the exits from what was booked, then move the plan's columns over."""
    op.execute(EXITS)
    op.execute(TRADES)
