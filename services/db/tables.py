"""The tables as SQLAlchemy Core sees them, for statements that are composed. The migrations are the authority."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Numeric, Table, Text

metadata = MetaData()
_TIME = DateTime(timezone=True)

trades = Table(
    "trades",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("account_id", BigInteger),
    Column("instrument_id", Integer),
    Column("direction", Text),
    Column("status", Text),
    Column("source", Text),
    Column("profit_loss", Numeric),
    Column("ambiguous", Boolean),
    Column("entry_time", _TIME),
    Column("exit_time", _TIME),
    Column("created_at", _TIME),
)

live_triggers = Table(
    "live_triggers",
    metadata,
    Column("trade_id", BigInteger, primary_key=True),
    Column("account_id", BigInteger),
    Column("instrument_id", Integer),
)

instruments = Table(
    "instruments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("market", Text),
    Column("symbol", Text),
    Column("base_asset", Text),
    Column("status", Text),
    Column("tick_size", Numeric),
    Column("step_size", Numeric),
    Column("min_quantity", Numeric),
    Column("min_notional", Numeric),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("account_id", BigInteger),
    Column("trade_id", BigInteger),
    Column("kind", Text),
    Column("amount", Numeric),
    Column("booked_at", _TIME),
)

signals = Table(
    "signals",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("source_id", BigInteger),
    Column("instrument_id", Integer),
    Column("direction", Text),
    Column("status", Text),
    Column("strategy", Text),
    Column("timeframe", Text),
    Column("received_at", _TIME),
)
