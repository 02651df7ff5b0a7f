"""What a closing adds beside the trade itself: how far it went while it was held, its place in the results, the count.

All is done for all closings of a transaction at once. Results are only ever inserted: nobody waits for anybody's row.
"""

from collections.abc import Iterable, Sequence

from services.db import minute_bars, triggers
from services.db.minute_bars import Stretch
from services.db.pool import Connection
from services.domain.changes import Change
from services.domain.excursion import excursion, held
from services.domain.trade import Trade
from services.telemetry import TRADES_CLOSED, TRADES_OPENED


async def measured(connection: Connection, changes: Sequence[Change]) -> list[Change]:
    """The changes; those that close a trade with its MAE and MFE, where all bars of its time are stored."""
    found = list(changes)
    stretches: dict[int, Stretch] = {}
    for number, change in enumerate(changes):
        if change.closes:
            stretch = _stretch(change.after)
            if stretch.begin < stretch.end:
                stretches[number] = stretch
            else:  # no whole minute between entry and exit: the fills tell all
                found[number] = change.measured(excursion(change.after, None, None))
    if not stretches:
        return found
    await triggers.plan_for_probes(connection)
    reaches = await minute_bars.reaches(connection, list(stretches.values()))
    await triggers.plan_normally(connection)
    for number, reach in zip(stretches, reaches, strict=True):
        if reach is not None:
            found[number] = changes[number].measured(excursion(changes[number].after, reach.low, reach.high))
    return found


def _stretch(trade: Trade) -> Stretch:
    whole = held(trade)
    return Stretch(trade.instrument.id, whole.begin, whole.end)


async def add_results(connection: Connection, trade_ids: Sequence[int]) -> None:
    """Add the closed trades, each once and in the transaction that closes it, to the results."""
    await connection.execute(ADD_RESULTS, [list(trade_ids)])


def count(changes: Iterable[Change]) -> None:
    """Tell Prometheus of committed changes: each opening and closing, whoever committed it, for whatever reason."""
    for change in changes:
        if change.opens:
            TRADES_OPENED.inc()
        if change.closes:
            TRADES_CLOSED.labels(change.after.status, change.after.ended_by).inc()


SUMS = """count(*), count(*) FILTER (WHERE profit_loss > 0), count(*) FILTER (WHERE profit_loss < 0),
    coalesce(sum(profit_loss), 0), coalesce(sum(profit_loss) FILTER (WHERE profit_loss > 0), 0),
    coalesce(-sum(profit_loss) FILTER (WHERE profit_loss < 0), 0),
    max(profit_loss) FILTER (WHERE profit_loss > 0), min(profit_loss) FILTER (WHERE profit_loss < 0),
    coalesce(sum(fees), 0), coalesce(sum(funding), 0), coalesce(sum(extract(epoch FROM exit_time - entry_time)), 0),
    coalesce(sum(margin), 0), count(r_multiple), coalesce(sum(r_multiple), 0),
    count(mae), coalesce(sum(mae), 0), coalesce(sum(mfe), 0), count(*) FILTER (WHERE ambiguous)"""
"""The sums of `services.domain.metrics.tally.Tally`, in its order, over rows of trades."""

_INSERT = f"""
INSERT INTO results (account_id, day, instrument_id, hour, market, direction, source, exit_reason, trades, wins, losses,
    net, gross_profit, gross_loss, largest_win, largest_loss, fees, funding, seconds, margin, risked, r_multiples,
    excursions, mae, mfe, ambiguous)
SELECT account_id, day, instrument_id, hour, market, direction, source, exit_reason, {SUMS}
FROM (
    SELECT t.*, i.market, (t.exit_time AT TIME ZONE 'UTC')::date AS day,
        extract(hour FROM t.exit_time AT TIME ZONE 'UTC') AS hour
    FROM trades t JOIN instruments i ON i.id = t.instrument_id WHERE {{condition}}
) closed
GROUP BY GROUPING SETS (
    (account_id, day, instrument_id),
    (account_id, day, hour, market, direction, source, exit_reason))
"""

ADD_RESULTS = _INSERT.format(condition="t.id = ANY(%s)")

# One statement: both halves see the same moment, whatever closes meanwhile.
RESULTS_OF_DAY = "WITH gone AS (DELETE FROM results WHERE account_id = %(account)s AND day = %(day)s)" + _INSERT.format(
    condition="""t.account_id = %(account)s AND t.status <> 'VOIDED'
        AND t.exit_time >= %(day)s::date::timestamp AT TIME ZONE 'UTC'
        AND t.exit_time < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'"""
)
"""The results of one account's day, written anew from its trades."""
