"""Replace maintenance brackets by those that an operator has brought; and which hold."""

from collections.abc import Iterable

from services.binance.brackets import read_answer, shipped
from services.db import audit, brackets
from services.db.pool import Connection
from services.domain.brackets import Brackets
from services.usecases.context import Services


async def bring_brackets(services: Services, answer: bytes) -> int:
    """Store the brackets in an answer of leverageBracket; of how many contracts. Raises InvalidData."""
    found = read_answer(answer)
    async with services.pool.connection() as connection:
        held = await brackets_in_force(connection, found)
        await brackets.replace(connection, found)
        changed = sorted(symbol for symbol in found if found[symbol] != held[symbol])
        before, after = ({symbol: of[symbol] for symbol in changed} for of in (held, found))
        await audit.note(connection, "replace", "brackets", "", before=before, after=after)
    return len(found)


async def brackets_in_force(connection: Connection, symbols: Iterable[str]) -> dict[str, Brackets]:
    """By contract, an operator's brackets before the shipped ones."""
    wanted = set(symbols)
    brought = await brackets.brought(connection, wanted) if wanted else {}
    return {symbol: brought.get(symbol) or shipped(symbol) for symbol in wanted}
