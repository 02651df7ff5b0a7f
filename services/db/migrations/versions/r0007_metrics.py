"""Metrics: minute bars, results of closed trades by day, courses of days, samples of equity.

Revision ID: 0007
Revises: 0011
"""

from alembic import op

revision = "0007"
down_revision = "0011"
branch_labels = None
depends_on = None

TRADES = """
ALTER TABLE trades ADD margin numeric CHECK (margin >= 0 AND margin < 'Infinity'),
    ADD r_multiple numeric CHECK (r_multiple > '-Infinity' AND r_multiple < 'Infinity');
UPDATE trades SET margin = round(entry_price * quantity / leverage, 8),
    r_multiple = round(profit_loss / nullif(round(abs(entry_price - initial_stop) * quantity, 8), 0), 4)
WHERE exit_time IS NOT NULL;
-- What did not come from trades is hardly ever booked, and always asked for alone.
CREATE INDEX ledger_capital ON ledger (account_id) WHERE trade_id IS NULL;
CREATE INDEX trades_closed ON trades (account_id, exit_time, id) WHERE exit_time IS NOT NULL;
"""

BARS = """
-- Closed minutes of traded prices, as the paths brought them.
CREATE TABLE minute_bars (
    instrument_id integer NOT NULL,
    open_time timestamptz NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    PRIMARY KEY (instrument_id, open_time)
) PARTITION BY RANGE (open_time);
CREATE TABLE minute_bars_other PARTITION OF minute_bars DEFAULT;
-- The same hour by hour, so that a trade held for weeks reads hundreds of rows, not tens of thousands.
CREATE TABLE hour_ranges (
    instrument_id integer NOT NULL,
    hour timestamptz NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    PRIMARY KEY (instrument_id, hour)
) WITH (fillfactor = 60);
-- From this minute on, every bar that was judged is stored.
ALTER TABLE system ADD bars_from timestamptz NOT NULL DEFAULT '-infinity';
UPDATE system SET bars_from = coalesce((SELECT max(judged_to) FROM watermarks), '-infinity');
"""

RESULTS = """
-- Sums over closed trades. Only ever added to: several rows of one key count together, and are merged now and then.
-- The same trades twice: by day and instrument (instrument_id is set); by day, hour and everything else (it is not).
CREATE TABLE results (
    account_id bigint NOT NULL,
    day date NOT NULL,
    instrument_id integer,
    hour smallint,
    market text,
    direction text,
    source text,
    exit_reason text,
    merged boolean NOT NULL DEFAULT false,
    trades bigint NOT NULL,
    wins bigint NOT NULL,
    losses bigint NOT NULL,
    net numeric NOT NULL,
    gross_profit numeric NOT NULL,
    gross_loss numeric NOT NULL,
    largest_win numeric,
    largest_loss numeric,
    fees numeric NOT NULL,
    funding numeric NOT NULL,
    seconds numeric NOT NULL,
    margin numeric NOT NULL,
    risked bigint NOT NULL,
    r_multiples numeric NOT NULL,
    excursions bigint NOT NULL,
    mae numeric NOT NULL,
    mfe numeric NOT NULL,
    ambiguous bigint NOT NULL,
    CHECK (num_nulls(instrument_id, hour) = 1)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX results_day ON results (account_id, day) WHERE instrument_id IS NULL;
CREATE INDEX results_instrument ON results (account_id, day, instrument_id) WHERE instrument_id IS NOT NULL;
CREATE INDEX results_unmerged ON results (account_id, day) WHERE NOT merged;
INSERT INTO results (account_id, day, instrument_id, hour, market, direction, source, exit_reason, trades, wins, losses,
    net, gross_profit, gross_loss, largest_win, largest_loss, fees, funding, seconds, margin, risked, r_multiples,
    excursions, mae, mfe, ambiguous)
SELECT t.account_id, (t.exit_time AT TIME ZONE 'UTC')::date, t.instrument_id,
    extract(hour FROM t.exit_time AT TIME ZONE 'UTC'), i.market, t.direction, t.source, t.exit_reason,
    count(*), count(*) FILTER (WHERE profit_loss > 0), count(*) FILTER (WHERE profit_loss < 0),
    sum(profit_loss), coalesce(sum(profit_loss) FILTER (WHERE profit_loss > 0), 0),
    coalesce(-sum(profit_loss) FILTER (WHERE profit_loss < 0), 0),
    max(profit_loss) FILTER (WHERE profit_loss > 0), min(profit_loss) FILTER (WHERE profit_loss < 0),
    sum(fees), sum(funding), sum(extract(epoch FROM exit_time - entry_time)), sum(margin), count(r_multiple),
    coalesce(sum(r_multiple), 0), count(mae), coalesce(sum(mae), 0), coalesce(sum(mfe), 0),
    count(*) FILTER (WHERE ambiguous)
FROM trades t JOIN instruments i ON i.id = t.instrument_id WHERE t.exit_time IS NOT NULL
GROUP BY GROUPING SETS (
    (t.account_id, (t.exit_time AT TIME ZONE 'UTC')::date, t.instrument_id),
    (t.account_id, (t.exit_time AT TIME ZONE 'UTC')::date, extract(hour FROM t.exit_time AT TIME ZONE 'UTC'), i.market,
     t.direction, t.source, t.exit_reason));
-- What depends on the order of a day's trades, kept for the scopes that were asked for. A row counts while its number
-- of trades is that of the results.
CREATE TABLE courses (
    scope text NOT NULL,
    account_ids bigint[] NOT NULL,
    day date NOT NULL,
    trades bigint NOT NULL,
    course json NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, day)
);
"""

EQUITY = """
-- Equity of accounts that hold or have moved something, marked to market. time begins the minute, hour or day;
-- equity is the last one in it, low and high are its extremes. Which of the three a row is decides how long it is kept.
CREATE TABLE equity_samples (
    account_id bigint NOT NULL,
    span text NOT NULL CHECK (span IN ('minute', 'hour', 'day')),
    time timestamptz NOT NULL,
    sampled_at timestamptz NOT NULL,
    equity numeric NOT NULL,
    low numeric NOT NULL,
    high numeric NOT NULL,
    balance numeric NOT NULL,
    deposits numeric NOT NULL,
    positions integer NOT NULL,
    bitcoin numeric,
    PRIMARY KEY (account_id, span, time)
);
CREATE INDEX equity_samples_age ON equity_samples (span, time);
"""


_VISIBLE = "(SELECT visible_accounts())::bigint[]"
POLICIES = {
    "results": f"account_id = ANY ({_VISIBLE})",
    "equity_samples": f"account_id = ANY ({_VISIBLE})",
    "courses": f"account_ids <@ {_VISIBLE}",
}


def upgrade() -> None:
    """Add columns and tables; what is closed already is summed up."""
    for statements in (TRADES, BARS, RESULTS, EQUITY):
        op.execute(statements)
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO paperfleet_api USING ({rule}) WITH CHECK ({rule})")
