"""What holds of all rows at any time, as queries that return what breaks it."""

INVARIANTS = {
    "balance is not the ledger's sum": """
        SELECT a.id, a.balance, sum(l.amount) FROM accounts a LEFT JOIN ledger l ON l.account_id = a.id
        GROUP BY a.id HAVING a.balance <> coalesce(sum(l.amount), 0)""",
    "reserved is not the live trades' sum": """
        SELECT a.id, a.reserved, sum(t.reserved) FROM accounts a LEFT JOIN trades t ON t.account_id = a.id
        GROUP BY a.id HAVING a.reserved <> coalesce(sum(t.reserved), 0)""",
    "profit is not the trade's ledger": """
        SELECT t.id, t.profit_loss, sum(l.amount) FROM trades t LEFT JOIN ledger l ON l.trade_id = t.id
        WHERE t.profit_loss IS NOT NULL GROUP BY t.id HAVING t.profit_loss <> sum(l.amount)""",
    "events are not dense": """
        SELECT stream, count(*), max(seq) FROM events GROUP BY stream HAVING count(*) <> max(seq)""",
    "the counter is not the last event": """
        SELECT a.id, a.event_seq, max(e.seq) FROM accounts a LEFT JOIN events e ON e.stream = 'a' || a.id
        GROUP BY a.id HAVING a.event_seq <> coalesce(max(e.seq), 0)""",
    "live triggers are not the live trades": """
        SELECT t.id, t.status, l.trade_id FROM trades t FULL JOIN live_triggers l ON l.trade_id = t.id
        WHERE (t.status IN ('PENDING', 'OPEN')) <> (l.trade_id IS NOT NULL)""",
    "closing events differ from closed trades": """
        SELECT t.id, t.status, count(e.seq) FROM trades t
        LEFT JOIN events e ON e.action IN ('closed', 'cancelled') AND (e.payload -> 'trade' ->> 'id')::bigint = t.id
        GROUP BY t.id HAVING count(e.seq) <> (t.status NOT IN ('PENDING', 'OPEN'))::int""",
    "a trade did not end as its only exit did": """
        SELECT t.id, t.exit_reason, t.exit_time, t.exit_price, e.reason, e.time, e.price
        FROM trades t JOIN trade_exits e ON e.trade_id = t.id AND e.quantity = t.quantity
        WHERE (t.exit_reason, t.exit_time, t.exit_price) IS DISTINCT FROM (e.reason, e.time, e.price)""",
    "a closing was told otherwise than it is": """
        SELECT t.id, t.exit_time, t.exit_price, e.payload FROM trades t
        JOIN events e ON e.action = 'closed' AND (e.payload -> 'trade' ->> 'id')::bigint = t.id
        WHERE (t.exit_time, t.exit_price) IS DISTINCT FROM ((e.payload -> 'trade' ->> 'exit_time')::timestamptz,
            (e.payload -> 'trade' ->> 'exit_price')::numeric)""",
    "something is negative that may not be": """
        SELECT 'reserved', id, reserved FROM accounts WHERE reserved < 0
        UNION ALL
        SELECT 'held back', id, reserved FROM trades WHERE reserved < 0 OR quantity <= 0 OR fees < 0
        UNION ALL
        SELECT 'exit', trade_id, price FROM trade_exits WHERE price <= 0 OR quantity <= 0 OR fee < 0 OR cap < 0
        UNION ALL
        SELECT kind, id, amount FROM ledger WHERE amount < 0 AND kind IN ('deposit', 'loss_cap')
            OR amount > 0 AND kind IN ('entry_fee', 'exit_fee')""",
    "quantity is lost or left": """
        SELECT t.id, t.status, t.quantity - coalesce(sum(e.quantity), 0)
        FROM trades t LEFT JOIN trade_exits e ON e.trade_id = t.id
        GROUP BY t.id HAVING t.quantity < coalesce(sum(e.quantity), 0)
            OR (t.exit_time IS NOT NULL) <> (t.quantity = coalesce(sum(e.quantity), 0))""",
    "an isolated position lost more than its margin, its fee of entry, and funding": """
        SELECT t.id, t.profit_loss FROM trades t WHERE t.profit_loss <
            -(round(t.entry_price * t.quantity / t.leverage, 8) + t.entry_fee + greatest(t.funding, 0)) - 0.0000001""",
    "more is held back than there is, but for funding and what was struck out": """
        SELECT a.id, a.balance - a.reserved FROM accounts a WHERE a.balance - a.reserved < (
            SELECT coalesce(sum(l.amount), 0) FROM ledger l
            WHERE l.account_id = a.id AND l.amount < 0 AND l.kind IN ('funding', 'void'))""",
}
