"""The search for candidates: what the indexes find is what a look at every row finds, and by indexes only."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from services.db import triggers
from services.db.pool import Connection
from services.db.triggers import Span, Touch
from services.domain.path import MINUTE
from tests.evaluation.desk import START, Desk
from tests.evaluation.test_schedules import with_database

ROWS_MAX = 30


class Row(NamedTuple):
    instrument_id: int
    lower: Decimal | None
    upper: Decimal | None
    next_event_at: datetime | None
    held_from: datetime | None


prices = st.integers(90, 110).map(lambda whole: Decimal(whole) / 2)
minutes = st.integers(0, 5).map(lambda number: START + number * MINUTE)
instruments = st.integers(1, 4)
rows = st.builds(Row, instruments, st.none() | prices, st.none() | prices, st.none() | minutes, st.none() | minutes)
live = st.lists(rows.filter(lambda row: row.lower is not None or row.upper is not None), max_size=ROWS_MAX)
spans = st.lists(
    st.one_of(
        st.builds(Span, instruments, st.none(), st.none(), minutes),
        st.builds(
            lambda id_, a, b, until: Span(id_, min(a, b), max(a, b), until), instruments, prices, prices, minutes
        ),
    ),
    unique_by=lambda span: span.instrument_id,
    max_size=4,
)


async def plant(connection: Connection, desk: Desk, found: list[Row]) -> None:
    """Live rows with ids 1, 2, ..., each of a trade that exists."""
    await connection.execute("TRUNCATE live_triggers")
    for number, row in enumerate(found, 1):
        await connection.execute(
            """INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, next_event_at, active_from,
                   held_from) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
            [number, desk.account_id, *row[:4], START, row.held_from],
        )


async def make_trades(connection: Connection, desk: Desk, count: int) -> None:
    await connection.execute(
        """INSERT INTO trades (id, account_id, instrument_id, direction, entry_type, stop_loss, initial_stop,
               position_size, leverage, quantity, maker_rate, taker_rate, fill_model, half_spread, average_range,
               status, reserved, entry_time, entry_price, entry_role, entry_fee, entry_evidence, created_at, updated_at)
           SELECT n, %s, 1 + n %% 4, 'LONG', 'MARKET', 1, 2, 1, 1, 1, 0, 0, 'optimistic', 0, 0, 'OPEN', 0,
               now(), 1, 'taker', 0, '{}', now(), now() FROM generate_series(1, %s) n""",
        [desk.account_id, count],
    )


def is_candidate(row: Row, span: Span) -> bool:
    if row.instrument_id != span.instrument_id:
        return False
    touched = (
        row.lower is not None and span.low is not None and row.lower >= span.low,
        row.upper is not None and span.high is not None and row.upper <= span.high,
    )
    due = row.next_event_at is not None and row.next_event_at <= span.until
    return any(touched) or due or row.held_from is not None


@with_database
@given(found=live, asked=spans)
async def test_the_search_finds_what_a_look_at_every_row_finds(desk: Desk, found: list[Row], asked: list[Span]):
    async with desk.pool.connection() as connection:
        await make_trades(connection, desk, ROWS_MAX)
        await plant(connection, desk, found)
        await triggers.plan_for_probes(connection)
        expected = [n for n, row in enumerate(found, 1) if any(is_candidate(row, span) for span in asked)]
        assert await triggers.candidates(connection, asked) == expected
        last = {span.instrument_id: span.low for span in asked if span.low is not None}
        rung = {
            row.instrument_id
            for row in found
            for price in [last.get(row.instrument_id)]
            if row.held_from is None and price is not None and is_candidate(row, _at(row.instrument_id, price))
        }
        touches = await triggers.touched(connection, last)
        assert {touch.instrument_id for touch in touches} == rung
        assert {touch: nearest(touch, found, last) for touch in touches} == {touch: touch.level for touch in touches}
        await connection.rollback()


def nearest(touch: Touch, found: list[Row], last: dict[int, Decimal]) -> Decimal:
    """The nearest barrier to the price, on the side that `touch` is of."""
    price = last[touch.instrument_id]
    rows = [row for row in found if row.instrument_id == touch.instrument_id and row.held_from is None]
    lower = [row.lower for row in rows if row.lower is not None and row.lower >= price]
    upper = [row.upper for row in rows if row.upper is not None and row.upper <= price]
    return min(lower) if touch.level in lower else max(upper)


def _at(instrument_id: int, price: Decimal) -> Span:
    """One price, with nothing due yet."""
    return Span(instrument_id, price, price, START - timedelta(days=1))


async def test_the_search_uses_plain_index_scans_only(desk: Desk):
    """Before the table's statistics know of its 20,000 rows, and after."""
    async with desk.pool.connection() as connection:
        await make_trades(connection, desk, 20_000)
        await connection.execute(
            """INSERT INTO live_triggers (trade_id, account_id, instrument_id, lower, upper, next_event_at, active_from,
                   held_from)
               SELECT id, account_id, instrument_id, 50 + random(), 150 + random(),
                   CASE WHEN id %% 10 = 0 THEN now() END, now(), CASE WHEN id %% 100 = 0 THEN now() END
               FROM trades""".replace("%%", "%")
        )
        for analyse in (False, True):
            if analyse:
                await connection.execute("ANALYZE live_triggers")
            await triggers.plan_for_probes(connection)
            probe = [[1, 2], *[[Decimal(99), None], [Decimal(101), None], [START, START]], *[[Decimal(99), None]] * 2]
            for query, parameters in (
                (triggers.PROBE, probe),
                (triggers.TOUCHED, [[1, 2], [Decimal(99), Decimal(101)]]),
            ):
                scans = await scans_of(connection, query, parameters)
                assert len(scans) >= 2
                assert {kind for kind, _ in scans} <= {"Index Scan", "Index Only Scan"}, scans
                assert all("instrument_id" in condition for _, condition in scans), scans


async def scans_of(connection: Connection, query: str, parameters: list[Any]) -> list[tuple[str, str]]:
    """Kind and index condition of each scan of live_triggers."""
    cursor = await connection.execute("EXPLAIN (FORMAT JSON) " + query, parameters)
    answer = (await cursor.fetchone() or ("",))[0]
    plan = json.loads(answer) if isinstance(answer, str) else answer
    nodes, found = [plan[0]["Plan"]], []
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node.get("Relation Name") == "live_triggers" or node["Node Type"].startswith("Bitmap"):
            found.append((node["Node Type"], node.get("Index Cond", "")))
    return found
