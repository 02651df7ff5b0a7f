"""docs/limits.md tells the figures that the code has, all of them and no others."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from api import app, events, gate, operations, parameters, signals
from services.coordination import tickets
from services.domain import (
    alert_levels,
    alert_text,
    alerts,
    coverage,
    fills,
    jump,
    mode,
    outlets,
    planning,
    signal,
    sizing,
    source,
    stops,
    ticker,
)
from services.domain.market import Market
from services.domain.metrics import confidence, returns
from services.usecases import (
    delist,
    event_feed,
    fetch_paths,
    finer_data,
    manage_accounts,
    manage_keys,
    outlet_rules,
    read_candles,
    receive_alert,
    settle_funding,
    share_account,
    sources,
    sweep_quotes,
)

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

FIGURES: tuple[tuple[object, ...], ...] = (
    (app.BODY_BYTES_MAX, receive_alert.BODY_BYTES_MAX, signals.IMPORT_BYTES_MAX),
    (parameters.LIMIT_MAX, read_candles.LIMIT_MAX, operations.PAIRS_MAX),
    (gate.BURST_SHARE,),
    (gate.NEIGHBOURS,),
    (tickets.TICKET_SECONDS,),
    (events.PAIRS_MAX, event_feed.SOURCES_MAX),
    (manage_accounts.ACCOUNTS_MAX,),
    (manage_keys.KEYS_MAX, sources.SOURCES_MAX, share_account.LINKS_MAX),
    (outlet_rules.OUTLETS_MAX,),
    (planning.LEVERAGE_MAX[Market.SPOT], planning.LEVERAGE_MAX[Market.FUTURES]),
    (planning.TARGETS_MAX,),
    (planning.TIME_STOP_MAX / DAY,),
    (planning.TRAIL_PERCENT_MAX,),
    (stops._STEPS,),
    (sizing.DEFAULT_SIZE,),
    (sizing.PERCENT_MAX,),
    (alert_text.FIELDS_MAX,),
    (ticker.LENGTH_MAX,),
    (alert_levels._DIGITS_MAX, signal._DIGITS_MAX),
    tuple(length for _, length in signal._TEXTS),
    (alerts._MILLISECONDS_FROM,),
    (signal.FUTURE_MAX / MINUTE,),
    (source.LAG_SECONDS_MAX,),
    (source.DEDUP_SECONDS_MAX,),
    (source.TARGET_PERCENT_MAX,),
    (coverage.LAG_MAX / MINUTE,),
    (fetch_paths.SETTLE_SECONDS,),
    (fetch_paths.BARS_MAX,),
    (jump.JUMP_FACTOR,),
    (fetch_paths.BELIEVED_AFTER_SECONDS,),
    (fills.RANGE_MEMORY,),
    (finer_data.FUTURES_PRINTS_KEPT / HOUR,),
    (finer_data.HOPELESS / HOUR, finer_data.HOPELESS_ANSWERS),
    (settle_funding.LATE / MINUTE,),
    (delist.BREAK_KEPT / DAY,),
    sweep_quotes.RING_SECONDS,
    (sweep_quotes.FROZEN_SWEEPS,),
    (confidence.SAMPLE_MIN,),
    (returns.ANNUALISED_DAYS_MIN,),
    (returns.YEAR_DAYS,),
    (mode.TOKEN_LIFE / SECOND,),
    (mode.HAND_OVER_LIFE / SECOND,),
    (outlets.FIRST_DELAY / SECOND,),
    (outlets.DELAY_FACTOR,),
    (outlets.DELAY_MAX / HOUR,),
    (outlets.DEAD_AFTER / DAY,),
    (outlets.DISABLED_AFTER / DAY,),
)
"""In the order of the page."""


def _told() -> Iterator[tuple[Decimal, ...]]:
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 2 and re.fullmatch(r"[\d., ]+", cells[1]):
            yield tuple(map(Decimal, cells[1].split(", ")))


def test_the_page_tells_the_codes_figures():
    assert list(_told()) == [tuple(Decimal(str(figure)) for figure in row) for row in FIGURES]
