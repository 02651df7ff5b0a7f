"""What tests of deliveries do: make outlets, let things happen, serve, look at what is stored."""

import json
from typing import Any

from services.db.outlets import OutletKind
from services.domain.outlets import Rule
from services.usecases.context import Services
from services.usecases.manage_outlets import NewOutlet, create_outlet
from services.usecases.serve_outlets import serve_outlets
from tests.servers import wait_until

ACCOUNT = 1
USER = 1
_APPEND = """
WITH moved AS (UPDATE accounts SET event_seq = event_seq + 1 WHERE id = %(id)s RETURNING event_seq)
INSERT INTO events (stream, seq, type, action, payload)
SELECT 'a' || %(id)s, event_seq, 'paper_trade', %(action)s, %(payload)s::json FROM moved RETURNING seq
"""


def trade(**changes: object) -> dict[str, Any]:
    """A trade as events tell it."""
    return {
        "id": 7,
        "account_id": ACCOUNT,
        "symbol": "BTCUSDT",
        "market_type": "FUTURES",
        "direction": "LONG",
        "status": "OPEN",
        "entry_price": "64000.00",
        "entry_time": "2026-07-01T10:00:00Z",
        "stop_loss": "62720",
        "take_profits": [
            {"price": "65920", "fraction": "0.5", "filled": False},
            {"price": "67200", "fraction": "0.5", "filled": False},
        ],
        "leverage": 5,
        "margin": "100",
        "source": "golden cross",
        "notes": "",
        "created_at": "2026-07-01T10:00:00Z",
        "exit_price": None,
        "exit_time": None,
        "exit_reason": None,
        "profit_loss": None,
        "profit_loss_percentage": None,
        "realized_profit_loss": "0",
        "remaining_quantity": "0.01",
        "quantity": "0.01",
        "fees": "0.25",
        "funding": "0",
        "ambiguous": False,
    } | changes


CLOSED = trade(
    status="CLOSED_TP",
    exit_price="65920",
    exit_time="2026-07-01T13:12:00Z",
    exit_reason="take_profit",
    profit_loss="14.5",
    profit_loss_percentage="14.5",
    fees="0.5",
    funding="-0.01",
    remaining_quantity="0",
)


async def webhook(services: Services, url: str, *rules: Rule) -> tuple[int, str]:
    """A new webhook; its id and secret."""
    wish = NewOutlet(url=url, rules=rules)
    done = await create_outlet(services, USER, (ACCOUNT,), OutletKind.WEBHOOK, wish, lambda outlet: {"id": outlet.id})
    made = json.loads(done.body)
    return made["id"], made["secret"]


async def happens(services: Services, action: str = "opened", account: int = ACCOUNT, **changes: object) -> int:
    """A trade's event in the account's stream; its sequence number."""
    payload = {"type": "paper_trade", "action": action, "trade": trade(account_id=account) | changes}
    (row,) = await query(services, _APPEND, {"id": account, "action": action, "payload": json.dumps(payload)})
    return row[0]


async def serve(services: Services) -> None:
    """Serve outlets until nobody has anything to do now."""
    while await serve_outlets(services):
        await wait_until(lambda: not services.errands.keys, 20)


async def query(services: Services, statement: str, parameters: object = None) -> list[tuple[Any, ...]]:
    async with services.pool.connection() as connection:
        cursor = await connection.execute(statement, parameters)
        return await cursor.fetchall() if cursor.description else []


async def deliveries(services: Services, outlet_id: int) -> list[tuple[Any, ...]]:
    """(seq, state, attempts) of an outlet's deliveries, in order."""
    return await query(
        services, "SELECT seq, state, attempts FROM deliveries WHERE outlet_id = %s ORDER BY id", [outlet_id]
    )


async def later(services: Services, hours: float = 7) -> None:
    """Let time pass for outlets and deliveries: everything stored moves into the past."""
    await query(
        services,
        """UPDATE outlets SET retry_at = retry_at - make_interval(secs => %(s)s),
               failing_since = failing_since - make_interval(secs => %(s)s),
               leased_until = leased_until - make_interval(secs => %(s)s)""",
        {"s": hours * 3600},
    )
    await query(
        services,
        """UPDATE deliveries SET next_attempt_at = next_attempt_at - make_interval(secs => %(s)s),
               first_attempt_at = first_attempt_at - make_interval(secs => %(s)s)""",
        {"s": hours * 3600},
    )
