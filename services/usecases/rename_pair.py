"""An operator's word that a suspended pair goes on under another symbol, one to one."""

from services.coordination import doorbell
from services.db import acting, market_events, renames
from services.domain.market import Market
from services.usecases.context import Services


async def rename_pair(services: Services, market: Market, old: str, new: str) -> None:
    """The pair `old` is `new` from now on: its live trades wait for prices under the new symbol, from its watermark.

    Raises InvalidInput or Conflict; nothing has changed then.
    """
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        await renames.rename(connection, market, old, new)
        told = {"market_type": market, "symbol": new, "renamed_from": old}
        await market_events.append(connection, [("instrument", "renamed", told)])
    await doorbell.ring(services.redis, [market_events.STREAM])
