"""Accepted commands that wait for the path to reach their time."""

from collections.abc import Mapping

import msgspec

from services.db.pool import Connection
from services.domain.command import Command


async def accept(connection: Connection, wanted: Mapping[int, Command]) -> set[int]:
    """Keep commands by trade for the walk: the trades that had none waiting. The watermark rows are locked."""
    rows = [
        {
            "trade_id": trade_id,
            "kind": command.kind,
            "at": command.at,
            "bid": command.bid,
            "ask": command.ask,
            "fraction": command.fraction,
            "stop_loss": command.stop_loss,
            "targets": command.targets,
        }
        for trade_id, command in wanted.items()
    ]
    kept = await connection.execute(_ACCEPT, [msgspec.json.encode(rows).decode()])
    return {trade_id for (trade_id,) in await kept.fetchall()}


_ACCEPT = """
WITH accepted AS (
    INSERT INTO trade_commands (trade_id, kind, at, bid, ask, fraction, stop_loss, targets)
    SELECT trade_id, kind, at, bid, ask, fraction, stop_loss, targets
    FROM json_to_recordset(%s::json) AS v(trade_id bigint, kind text, at timestamptz, bid numeric, ask numeric,
        fraction numeric, stop_loss numeric, targets jsonb)
    ON CONFLICT DO NOTHING RETURNING trade_id, at
)
UPDATE live_triggers l SET next_event_at = least(l.next_event_at, a.at) FROM accepted a WHERE l.trade_id = a.trade_id
RETURNING a.trade_id
"""
