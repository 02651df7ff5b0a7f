"""Mutants with names: each takes one safeguard away, and names the test that must notice.

`make mutants` runs them. A patch whose text is no longer in its file fails: the table follows the source.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old`, which stands in `file` exactly once, becomes `new`; then `test` must fail."""

    name: str
    file: str
    old: str
    new: str
    test: str


NAMED = (
    Mutant(
        "status guard dropped",
        "services/db/settlement.py",
        "WHERE t.id = v.id AND t.status = v.was_status AND t.version = v.was_version",
        "WHERE t.id = v.id",
        "tests/evaluation/test_transactions.py::test_a_trade_that_moved_meanwhile_is_decided_again",
    ),
    Mutant(
        "acknowledged before the work is done",
        "workers/consumer.py",
        "            self._held.add(redis_id)\n",
        "            self._held.add(redis_id)\n            self._commands.done(self.queue_name, redis_id)\n",
        "tests/workers/test_runner.py::test_work_of_a_killed_worker_is_redelivered_within_two_heartbeat_timeouts",
    ),
    Mutant(
        "stock Retries",
        "workers/middleware.py",
        "            message.fail()\n            raise\n",
        "            raise\n",
        "tests/workers/test_broker.py::test_retries_that_redis_cannot_take_end_in_the_dead_letters",
    ),
    Mutant(
        "an identity column instead of the dense counter",
        "services/db/settlement.py",
        "SELECT 'a' || moved.id, moved.base + e.n, clock_timestamp()",
        "SELECT 'a' || moved.id, nextval(pg_get_serial_sequence('ledger', 'id')), clock_timestamp()",
        "tests/evaluation/test_concurrency.py",
    ),
    Mutant(
        "watermark check dropped",
        "services/usecases/judge_paths.py",
        "if id_ in marks and path.start <= marks[id_].judged_to}",
        "if id_ in marks}",
        "tests/evaluation/test_judge_paths.py::test_a_path_that_does_not_reach_back_is_refused",
    ),
    Mutant(
        "watermark moved by a bar in progress",
        "services/usecases/judge_paths.py",
        "    return Watermark(path.end, average, close)",
        "    return Watermark(path.end + (path.tail is not None) * MINUTE, average, close)",
        "tests/evaluation/test_judge_paths.py::test_a_bar_in_progress_closes_at_once_but_moves_no_watermark",
    ),
    Mutant(
        "active_from ignored",
        "services/domain/judge.py",
        "        if not self.trade.status.is_live or bar.close_time < self.trade.active_from:\n",
        "        if not self.trade.status.is_live:\n",
        "tests/domain/test_walk.py::test_prints_before_the_entry_do_not_count",
    ),
    Mutant(
        "held trades skipped",
        "services/db/triggers.py",
        "    UNION ALL\n    SELECT trade_id FROM live_triggers l WHERE l.instrument_id = p.instrument_id"
        " AND l.held_from IS NOT NULL\n",
        "",
        "tests/evaluation/test_judge_paths.py::test_a_held_trade_catches_up_in_pieces",
    ),
    Mutant(
        "target before stop in an ambiguous bar",
        "services/domain/next_event.py",
        "        return Next.FALL if long else Next.RISE\n    if trade.status is TradeStatus.PENDING",
        "        return Next.RISE if long else Next.FALL\n    if trade.status is TradeStatus.PENDING",
        "tests/domain/test_walk.py::test_where_tapes_disagree_the_trade_waits_or_takes_the_adverse_order",
    ),
    Mutant(
        "a gap filled at the stop",
        "services/domain/executions.py",
        "        price = worse(price, touch.gap_open)\n",
        "        price = price\n",
        "tests/domain/test_walk.py::test_an_open_trade_in_one_bar",
    ),
    Mutant(
        "mark and last price swapped",
        "services/usecases/judge_paths.py",
        "    return Span(path.instrument_id, low, high, path.end, mark_low, mark_high)",
        "    return Span(path.instrument_id, mark_low, mark_high, path.end, low, high)",
        "tests/evaluation/test_futures.py",
    ),
    Mutant(
        "ledger UNIQUE dropped",
        "services/db/migrations/versions/r0001_foundation.py",
        "    UNIQUE (trade_id, kind, part),\n",
        "",
        "tests/db/test_constraints.py::test_the_ledger_books_a_cause_once",
    ),
    Mutant(
        "accounts locked in any order",
        "services/db/settlement.py",
        "    SELECT id FROM accounts WHERE id IN (SELECT id FROM delta) ORDER BY id FOR NO KEY UPDATE\n",
        "    SELECT id FROM accounts WHERE id IN (SELECT id FROM delta) ORDER BY random() FOR NO KEY UPDATE\n",
        "tests/chaos/test_locks.py",
    ),
    Mutant(
        "accounts locked twice, before the trades are written too",
        "services/db/settlement.py",
        "        await _write_trades(connection, changes, at)\n",
        "        ids = sorted({change.after.account_id for change in changes})\n"
        '        early = "SELECT FROM accounts WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"\n'
        "        await connection.execute(early, [ids])\n"
        "        await _write_trades(connection, changes, at)\n",
        "tests/chaos/test_locks.py::test_an_account_is_locked_once_all_that_is_not_its_own_is_written",
    ),
    Mutant(
        "idempotency key ignored",
        "services/db/idempotency.py",
        "    if taken.rowcount == 1:\n        return None\n",
        "    return None\n",
        "tests/api/one_market/test_idempotency.py",
    ),
    Mutant(
        "a lost doorbell never polled for",
        "api/hub.py",
        "            await _heard(self._bell, POLL_SECONDS)\n",
        "            await _heard(self._bell, 3600)\n",
        "tests/api/test_events.py::test_a_lost_bell_costs_half_a_second_only",
    ),
    Mutant(
        "cursor off by one",
        "services/db/event_log.py",
        "AND stream = w.stream AND seq > w.after ORDER BY seq",
        "AND stream = w.stream AND seq > w.after + 1 ORDER BY seq",
        "tests/api/test_events.py::test_random_cuts_lose_and_repeat_nothing",
    ),
    Mutant(
        "Retry-After ignored",
        "services/binance/requests.py",
        "    if told.isdecimal():\n        return min(max(float(told), 1.0), BAN_SECONDS_MAX)\n",
        "",
        "tests/binance/test_requests.py",
    ),
    Mutant(
        "NaN accepted",
        "services/domain/money.py",
        "    if not value.is_finite():\n",
        "    if value.is_infinite():\n",
        "tests/domain/test_money.py",
    ),
    Mutant(
        "spot and futures keyed by symbol alone",
        "services/coordination/prices.py",
        '    return f"prices:{market}"\n',
        '    return "prices"\n',
        "tests/coordination/test_prices.py::test_markets_are_apart_and_unknown_is_none",
    ),
    Mutant(
        "a dead scheduler's slot never claimed again",
        "services/db/slots.py",
        "   OR held.slot = excluded.slot AND held.dispatched_slot IS DISTINCT FROM held.slot\n"
        "      AND held.claimed_at <= excluded.claimed_at - %(reclaim_after)s\n",
        "",
        "tests/workers/test_scheduler.py::test_an_undispatched_slot_is_claimed_again_a_dispatched_one_is_not",
    ),
    Mutant(
        "one bad answer decides about a minute for good",
        "services/usecases/finer_data.py",
        "            if doubt and now - doubt.since > HOPELESS and doubt.answers >= HOPELESS_ANSWERS:\n",
        "            if now - need.minute > HOPELESS:\n",
        "tests/chaos/test_patience.py",
    ),
    Mutant(
        "a frozen feed taken for silence",
        "services/domain/coverage.py",
        "LAG_MAX = timedelta(minutes=15)",
        "LAG_MAX = timedelta(minutes=2)",
        "tests/chaos/test_patience.py",
    ),
)
