"""Write the note on a trade."""

from collections.abc import Sequence

from services.db import trade_notes, trades, watermarks
from services.db.trades import Stored
from services.domain.errors import InvalidInput
from services.usecases.context import Services
from services.usecases.read_trade import check_version, find_trade

NOTES_MAX = 4000


async def note_trade(
    services: Services, account_ids: Sequence[int], trade_id: int, notes: str, version: int | None = None
) -> Stored:
    """The trade as stored, with its new note.

    Raises NotFound unless it is one of the accounts', InvalidInput for no text, Conflict for another version.
    """
    check_notes(notes)
    instrument = (await find_trade(services, account_ids, trade_id)).trade.instrument
    async with services.pool.connection() as connection:
        await watermarks.lock(connection, [instrument.id])
        check_version((await trades.load(connection, [trade_id]))[0].trade, version)
        await trade_notes.write(connection, trade_id, notes)
    return await find_trade(services, account_ids, trade_id)


def check_notes(notes: str) -> None:
    """Raises InvalidInput for what is too long, or no text that can be stored."""
    if len(notes) > NOTES_MAX or "\x00" in notes:
        raise InvalidInput("bad_text", f"notes must have at most {NOTES_MAX} printable characters", field="notes")
