"""Replace maintenance brackets by those that an operator has brought."""

from services.binance.brackets import read_answer
from services.db import audit, brackets
from services.usecases.context import Services


async def bring_brackets(services: Services, answer: bytes) -> int:
    """Store the brackets in an answer of leverageBracket; of how many contracts. Raises InvalidData."""
    found = read_answer(answer)
    async with services.pool.connection() as connection:
        await brackets.replace(connection, found)
        await audit.note(connection, "replace", "brackets", "", after={"contracts": sorted(found)})
    return len(found)
