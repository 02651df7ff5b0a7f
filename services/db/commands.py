"""Accepted commands that wait for the path to reach their time."""

from services.db.pool import Connection
from services.domain.command import Command


async def accept(connection: Connection, trade_id: int, command: Command) -> bool:
    """Keep `command` for the walk; False if another one waits already. The watermark row is locked."""
    kept = await connection.execute(
        """INSERT INTO trade_commands (trade_id, kind, at, bid, ask, stop_loss, take_profit)
           VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING""",
        [
            trade_id,
            command.kind,
            command.at,
            command.bid,
            command.ask,
            command.stop_loss,
            command.take_profit,
        ],
    )
    await connection.execute(
        "UPDATE live_triggers SET next_event_at = %s WHERE trade_id = %s AND next_event_at IS NULL",
        [command.at, trade_id],
    )
    return kept.rowcount == 1
