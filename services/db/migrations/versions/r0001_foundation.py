"""Foundation: accounts, instruments, trades and their triggers, ledger, events, job slots.

Revision ID: 0001
Revises: nothing
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACCOUNTS = """
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    balance numeric NOT NULL DEFAULT 0,
    reserved numeric NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    event_seq bigint NOT NULL DEFAULT 0 CHECK (event_seq >= 0),
    spot_maker numeric NOT NULL DEFAULT 0.001 CHECK (spot_maker BETWEEN 0 AND 1),
    spot_taker numeric NOT NULL DEFAULT 0.001 CHECK (spot_taker BETWEEN 0 AND 1),
    futures_maker numeric NOT NULL DEFAULT 0.0002 CHECK (futures_maker BETWEEN 0 AND 1),
    futures_taker numeric NOT NULL DEFAULT 0.0005 CHECK (futures_taker BETWEEN 0 AND 1),
    fill_model text NOT NULL DEFAULT 'realistic' CHECK (fill_model IN ('optimistic', 'realistic', 'harsh')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
"""

INSTRUMENTS = """
CREATE TABLE instruments (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    market text NOT NULL CHECK (market IN ('SPOT', 'FUTURES')),
    symbol text NOT NULL,
    base_asset text NOT NULL,
    status text NOT NULL CHECK (status IN ('TRADING', 'SUSPENDED', 'DELISTED')),
    tick_size numeric NOT NULL CHECK (tick_size >= 0),
    step_size numeric NOT NULL CHECK (step_size >= 0),
    min_quantity numeric NOT NULL CHECK (min_quantity >= 0),
    min_notional numeric NOT NULL CHECK (min_notional >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (market, symbol)
);
-- Every closed bar before judged_to has been judged. Hot: updated in each evaluation of its instrument.
CREATE TABLE watermarks (
    instrument_id integer PRIMARY KEY REFERENCES instruments,
    judged_to timestamptz NOT NULL CHECK (date_trunc('minute', judged_to, 'UTC') = judged_to),
    average_range numeric NOT NULL DEFAULT 0 CHECK (average_range >= 0),
    last_close numeric CHECK (last_close > 0)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Minutes inside which the exchange definitively keeps nothing finer than the bar.
CREATE TABLE finer_gaps (
    instrument_id integer NOT NULL REFERENCES instruments,
    minute timestamptz NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instrument_id, minute)
);
"""

TRADES = """
CREATE TABLE trades (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    instrument_id integer NOT NULL REFERENCES instruments,
    direction text NOT NULL CHECK (direction IN ('LONG', 'SHORT')),
    entry_type text NOT NULL CHECK (entry_type IN ('MARKET', 'LIMIT')),
    limit_price numeric CHECK (limit_price > 0),
    stop_loss numeric NOT NULL CHECK (stop_loss > 0),
    take_profit numeric NOT NULL CHECK (take_profit > 0),
    position_size numeric NOT NULL CHECK (position_size > 0),
    leverage integer NOT NULL CHECK (leverage BETWEEN 1 AND 125),
    quantity numeric NOT NULL CHECK (quantity > 0),
    maker_rate numeric NOT NULL CHECK (maker_rate >= 0),
    taker_rate numeric NOT NULL CHECK (taker_rate >= 0),
    fill_model text NOT NULL CHECK (fill_model IN ('optimistic', 'realistic', 'harsh')),
    half_spread numeric NOT NULL CHECK (half_spread >= 0),
    average_range numeric NOT NULL CHECK (average_range >= 0),
    status text NOT NULL CHECK (status IN ('PENDING', 'OPEN', 'CLOSED_TP', 'CLOSED_SL', 'CLOSED_MANUAL',
                                           'CLOSED_LIQUIDATED', 'CLOSED_EXPIRED', 'CANCELLED')),
    reserved numeric NOT NULL CHECK (reserved >= 0),
    entry_time timestamptz,
    entry_price numeric CHECK (entry_price > 0),
    entry_role text CHECK (entry_role IN ('maker', 'taker')),
    entry_fee numeric CHECK (entry_fee >= 0),
    entry_evidence jsonb,
    exit_time timestamptz,
    exit_price numeric CHECK (exit_price > 0),
    exit_role text CHECK (exit_role IN ('maker', 'taker')),
    exit_fee numeric CHECK (exit_fee >= 0),
    exit_evidence jsonb,
    profit_loss numeric,
    ambiguous boolean NOT NULL DEFAULT false,
    source text NOT NULL DEFAULT 'api' CHECK (length(source) BETWEEN 1 AND 80),
    notes text NOT NULL DEFAULT '' CHECK (length(notes) <= 4000),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT limit_has_price CHECK ((entry_type = 'LIMIT') = (limit_price IS NOT NULL)),
    CONSTRAINT stop_and_target_in_order CHECK
        (CASE direction WHEN 'LONG' THEN stop_loss < take_profit ELSE stop_loss > take_profit END),
    CONSTRAINT entry_is_whole CHECK (num_nulls(entry_time, entry_price, entry_role, entry_fee, entry_evidence) IN (0, 5)),
    CONSTRAINT exit_is_whole CHECK
        (num_nulls(exit_time, exit_price, exit_role, exit_fee, exit_evidence, profit_loss) IN (0, 6)),
    CONSTRAINT status_fits_fills CHECK (CASE status
        WHEN 'PENDING' THEN entry_time IS NULL AND exit_time IS NULL AND entry_type = 'LIMIT'
        WHEN 'CANCELLED' THEN entry_time IS NULL AND exit_time IS NULL AND reserved = 0
        WHEN 'OPEN' THEN entry_time IS NOT NULL AND exit_time IS NULL
        ELSE entry_time IS NOT NULL AND exit_time IS NOT NULL AND exit_time >= entry_time AND reserved = 0 END)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX trades_account ON trades (account_id, id);

-- One narrow row a live trade: strictly between lower and upper nothing can happen to it.
CREATE TABLE live_triggers (
    trade_id bigint PRIMARY KEY REFERENCES trades,
    account_id bigint NOT NULL,
    instrument_id integer NOT NULL,
    lower numeric,
    upper numeric,
    next_event_at timestamptz,
    active_from timestamptz NOT NULL,
    held_from timestamptz,
    CHECK (lower IS NOT NULL OR upper IS NOT NULL)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX live_triggers_lower ON live_triggers (instrument_id, lower);
CREATE INDEX live_triggers_upper ON live_triggers (instrument_id, upper);
CREATE INDEX live_triggers_event ON live_triggers (instrument_id, next_event_at) WHERE next_event_at IS NOT NULL;
CREATE INDEX live_triggers_held ON live_triggers (instrument_id, held_from) WHERE held_from IS NOT NULL;
CREATE INDEX live_triggers_account ON live_triggers (account_id, trade_id);

-- Accepted commands that wait for the path to reach their time; at most one a trade.
CREATE TABLE trade_commands (
    trade_id bigint PRIMARY KEY REFERENCES trades,
    kind text NOT NULL CHECK (kind IN ('close', 'cancel', 'edit')),
    at timestamptz NOT NULL,
    bid numeric CHECK (bid > 0),
    ask numeric CHECK (ask > 0),
    stop_loss numeric CHECK (stop_loss > 0),
    take_profit numeric CHECK (take_profit > 0),
    accepted_at timestamptz NOT NULL DEFAULT now(),
    CHECK (kind <> 'close' OR (bid IS NOT NULL AND ask IS NOT NULL))
);

CREATE TABLE ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts,
    trade_id bigint REFERENCES trades,
    kind text NOT NULL CHECK (kind IN ('deposit', 'entry_fee', 'gross_profit', 'exit_fee', 'loss_cap')),
    part integer NOT NULL DEFAULT 0,
    amount numeric NOT NULL,
    booked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (trade_id, kind, part),
    CHECK ((kind = 'deposit') = (trade_id IS NULL))
);
CREATE INDEX ledger_account ON ledger (account_id, id);
"""

EVENTS = """
-- seq is dense in each stream: it comes from a counter in a row that the writing transaction updates.
CREATE TABLE streams (
    name text PRIMARY KEY,
    event_seq bigint NOT NULL DEFAULT 0 CHECK (event_seq >= 0)
) WITH (fillfactor = 50);
INSERT INTO streams (name) VALUES ('market');
CREATE TABLE events (
    stream text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    type text NOT NULL,
    action text NOT NULL,
    payload jsonb NOT NULL,
    PRIMARY KEY (stream, seq, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE events_other PARTITION OF events DEFAULT;
"""

COORDINATION = """
CREATE TABLE system (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch text NOT NULL
);
INSERT INTO system (epoch) VALUES (left(md5(random()::text || clock_timestamp()::text), 8));
CREATE TABLE jobs (
    job text PRIMARY KEY,
    slot timestamptz NOT NULL,
    claimed_at timestamptz NOT NULL,
    dispatched_slot timestamptz
);
CREATE TABLE cycles (
    slot timestamptz PRIMARY KEY,
    expected integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE TABLE cycle_batches (
    slot timestamptz NOT NULL REFERENCES cycles ON DELETE CASCADE,
    market text NOT NULL,
    shard integer NOT NULL,
    pairs integer NOT NULL,
    evaluated integer NOT NULL DEFAULT 0,
    PRIMARY KEY (slot, market, shard)
);
CREATE TABLE idempotency (
    scope text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash text NOT NULL,
    status integer,
    body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
"""


def upgrade() -> None:
    """Create everything."""
    for statements in (ACCOUNTS, INSTRUMENTS, TRADES, EVENTS, COORDINATION):
        op.execute(statements)
