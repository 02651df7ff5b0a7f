"""Make the stored instruments what the exchange lists, tell the market stream what changed, and bury what is gone."""

from collections.abc import Sequence

import structlog

from services.coordination import doorbell
from services.db import instruments, market_events
from services.domain.market import Listing, Market
from services.domain.path import floor_minute
from services.usecases.context import Services
from services.usecases.delist import end_delisted, find_delisted

DROPPED_SHARE_MAX = 0.02
"""A refresh that would suspend a larger share of a market's instruments is refused and told."""

log = structlog.get_logger(__name__)


async def refresh_instruments(services: Services, market: Market) -> int:
    """How many instruments the market lists now. A refresh that drops too many changes nothing."""
    listings = await services.exchange.listings(market)
    if await _store(services, market, listings):
        await find_delisted(services, market)
        await end_delisted(services, market)
    return len(listings)


async def _store(services: Services, market: Market, listings: Sequence[Listing]) -> bool:
    """Whether the listing was believed and stored."""
    now = floor_minute(await services.clock.now(market))
    names = {listing.symbol for listing in listings}
    async with services.pool.connection() as connection:
        trading = [each for each in await instruments.listed(connection, market) if each.status == "TRADING"]
        dropped = [each.symbol for each in trading if each.symbol not in names]
        is_believed = len(dropped) <= max(1.0, DROPPED_SHARE_MAX * len(trading))
        if not is_believed:
            log.error("refresh_refused", market=market, dropped=len(dropped), of=len(trading), listed=len(names))
            notice = {"market_type": market, "dropped": len(dropped), "of": len(trading)}
            await market_events.append(connection, [("system", "refresh_refused", notice)])
        else:
            changed = await instruments.refresh(connection, market, listings, now)
            known = await instruments.by_ids(connection, changed.added + changed.suspended + changed.resumed)
            await market_events.append(
                connection,
                [
                    ("instrument", action, {"market_type": market, "symbol": known[id_].symbol})
                    for action in ("added", "suspended", "resumed")
                    for id_ in getattr(changed, action)
                    if trading or action != "added"
                ],
            )
            log.info("instruments_refreshed", market=market, listed=len(listings), added=len(changed.added))
    await doorbell.ring(services.redis, [market_events.STREAM])
    return is_believed
