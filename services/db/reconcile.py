"""Reconciliation over all rows: what must be equal, checked as queries that return the differences."""

from services.db.closings import SUMS
from services.db.pool import Connection, outlast
from services.db.results import RESULT_SUMS

CHECKS = {
    "balance_is_ledger": """
        SELECT a.id, a.balance, sum(l.amount) FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id
        GROUP BY a.id HAVING a.balance <> coalesce(sum(l.amount), 0) LIMIT 20""",
    "reserved_is_live_trades": """
        SELECT a.id, a.reserved, r.reserved FROM accounts a LEFT JOIN (
            SELECT t.account_id, sum(t.reserved) AS reserved FROM live_triggers l JOIN trades t ON t.id = l.trade_id
            GROUP BY t.account_id) r ON r.account_id = a.id
        WHERE a.reserved <> coalesce(r.reserved, 0) LIMIT 20""",
    "events_are_dense": """
        SELECT e.stream, min(e.seq), max(e.seq), count(*) FROM events e GROUP BY e.stream
        HAVING count(*) <> max(e.seq) - min(e.seq) + 1 LIMIT 20""",
    "counter_is_last_event": """
        SELECT c.stream, c.event_seq, e.last FROM (
            SELECT 'a' || id AS stream, event_seq FROM accounts
            UNION ALL SELECT 's' || id, event_seq FROM sources
            UNION ALL SELECT name, event_seq FROM streams) c
        CROSS JOIN LATERAL (SELECT max(seq) AS last FROM events WHERE stream = c.stream) e
        WHERE c.event_seq <> e.last LIMIT 20""",
    "triggers_are_live_trades": """
        SELECT l.trade_id, t.status FROM live_triggers l JOIN trades t ON t.id = l.trade_id
        WHERE t.status NOT IN ('PENDING', 'OPEN') LIMIT 20""",
    "live_trades_have_triggers": """
        SELECT t.id, t.status FROM trades t WHERE t.status IN ('PENDING', 'OPEN')
        AND NOT EXISTS (SELECT FROM live_triggers l WHERE l.trade_id = t.id) LIMIT 20""",
    "results_are_closed_trades": f"""
        SELECT account_id, instrument_id IS NULL AS by_hour FROM results GROUP BY account_id, by_hour
        HAVING ROW({RESULT_SUMS}) IS DISTINCT FROM (
            SELECT ROW({SUMS}) FROM trades t WHERE t.account_id = results.account_id AND exit_time IS NOT NULL
                AND status <> 'VOIDED')
        LIMIT 20""",
    "closed_trades_have_results": """
        SELECT account_id FROM trades WHERE exit_time IS NOT NULL AND status <> 'VOIDED' GROUP BY account_id
        EXCEPT SELECT account_id FROM results LIMIT 20""",
    "voided_trades_book_nothing": """
        SELECT t.id, sum(l.amount) FROM voids v JOIN trades t ON t.id = v.trade_id
        LEFT JOIN ledger l ON l.trade_id = t.id
        GROUP BY t.id HAVING t.status <> 'VOIDED' OR coalesce(sum(l.amount), 0) <> 0 LIMIT 20""",
}


async def differences(connection: Connection) -> dict[str, list[str]]:
    """The differences found, by check, at most 20 each; empty when the books are in order.

    All checks see one snapshot of the database.
    """
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    await connection.execute("SET LOCAL statement_timeout = '5min'")
    await outlast(connection)
    found = {}
    for name, query in CHECKS.items():
        rows = await (await connection.execute(query)).fetchall()
        if rows:
            found[name] = [", ".join(str(value) for value in row) for row in rows]
    return found
