"""Accepted commands that wait for the path to reach their time."""

import msgspec

from services.db.pool import Connection
from services.domain.command import Command


async def accept(connection: Connection, trade_id: int, command: Command) -> bool:
    """Keep `command` for the walk; False if another one waits already. The watermark row is locked."""
    kept = await connection.execute(
        """INSERT INTO trade_commands (trade_id, kind, at, bid, ask, fraction, stop_loss, targets)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
        [
            trade_id,
            command.kind,
            command.at,
            command.bid,
            command.ask,
            command.fraction,
            command.stop_loss,
            None if command.targets is None else msgspec.json.encode(command.targets).decode(),
        ],
    )
    await connection.execute(
        "UPDATE live_triggers SET next_event_at = least(next_event_at, %s) WHERE trade_id = %s",
        [command.at, trade_id],
    )
    return kept.rowcount == 1
