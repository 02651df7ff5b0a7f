"""Write the note on a trade."""

from collections.abc import Sequence

from services.db import trade_notes
from services.domain.errors import InvalidInput
from services.usecases.context import Services
from services.usecases.read_trade import LiveTradeView, read_trade

NOTES_MAX = 4000


async def note_trade(services: Services, account_ids: Sequence[int], trade_id: int, notes: str) -> LiveTradeView:
    """The trade with its new note. Raises NotFound unless it is one of the accounts', InvalidInput for no text."""
    if len(notes) > NOTES_MAX or "\x00" in notes:
        raise InvalidInput("bad_text", f"notes must have at most {NOTES_MAX} printable characters", field="notes")
    await read_trade(services, account_ids, trade_id)
    async with services.pool.connection() as connection:
        await trade_notes.write(connection, trade_id, notes)
    return await read_trade(services, account_ids, trade_id)
