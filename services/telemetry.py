"""What one process counts of its own work, for Prometheus. Figures of the whole fleet are the API's `/metrics`.

No label has more values than there are markets, purposes or reasons: never a symbol, a trade or an account.
"""

from prometheus_client import Counter, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

SWEEP_SECONDS = Histogram(
    "paperfleet_sweep_seconds", "Sweeping all quotes of a market, in seconds.", ["market"], buckets=_SECONDS
)
RINGS = Counter("paperfleet_rings_total", "Symbols rung because a quote touched a barrier.", ["market"])
FETCH_SECONDS = Histogram(
    "paperfleet_fetch_seconds",
    "Fetching the paths of one message, in seconds.",
    ["market", "purpose"],
    buckets=_SECONDS,
)
PATHS = Counter("paperfleet_paths_total", "Price paths asked for; why is empty for those had.", ["market", "why"])
EVALUATION_SECONDS = Histogram(
    "paperfleet_evaluation_seconds", "Judging one message's paths to the last COMMIT, in seconds.", buckets=_SECONDS
)
TRADES_OPENED = Counter("paperfleet_trades_opened_total", "Trades that got their entry, whoever gave it.")
TRADES_CLOSED = Counter(
    "paperfleet_trades_closed_total", "Trades that got their last exit, whoever gave it.", ["status", "exit_reason"]
)
SIGNALS_UNDECIDABLE = Counter(
    "paperfleet_signals_undecidable_total",
    "Signals that a pass left out, once for each account and pass: a fault of ours.",
)
HELD = Counter("paperfleet_trades_held_total", "Judgements put off because finer data is missing.")
EXCHANGE_SECONDS = Histogram(
    "paperfleet_exchange_request_seconds",
    "One request to the exchange, weight and connection in hand, in seconds.",
    ["market", "outcome"],
    buckets=_SECONDS,
)
