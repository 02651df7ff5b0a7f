"""Strike out a trade that was closed wrongly: nothing is deleted, everything that it booked is taken back."""

from datetime import UTC, datetime

import structlog

from services.coordination import doorbell
from services.db import acting, settlement, trades, voids, watermarks
from services.db.voids import Key, Void
from services.domain.changes import voided
from services.domain.errors import Conflict, NotFound
from services.domain.trade import CLOSED, TradeStatus
from services.domain.view import TradeView, trade_view
from services.usecases.context import Services
from services.usecases.halt import checked_reason

log = structlog.get_logger(__name__)


async def void_trade(services: Services, trade_id: int, reason: str, by_whom: str) -> TradeView:
    """Have a closed trade count for nothing; the trade as it stands then.

    One ledger row takes back what it had booked, an event (`voided`) tells its account, the figures leave it out.
    Raises NotFound; Conflict where it lives, was never entered, or is struck out already; InvalidInput for a reason
    that says nothing.
    """
    reason = checked_reason(reason)
    async with services.pool.connection() as connection:
        await acting.tell(connection)
        found = await trades.load(connection, [trade_id])
        if not found:
            raise NotFound("no_such_trade", f"there is no trade {trade_id}", field="id")
        await watermarks.lock(connection, [found[0].trade.instrument.id])
        trade = (await trades.load(connection, [trade_id]))[0].trade
        if trade.status is TradeStatus.VOIDED:
            raise Conflict("trade_voided", f"trade {trade_id} is struck out already: {trade.void_reason}")
        if trade.status not in CLOSED:
            raise Conflict("trade_not_closed", f"trade {trade_id} is {trade.status}: only a closed one is struck out")
        assert trade.profit_loss is not None
        if not await voids.record(connection, trade_id, trade.status, trade.profit_loss, reason, by_whom):
            raise Conflict("trade_voided", f"trade {trade_id} has just been struck out by somebody else")
        change, now = voided(trade, reason), datetime.now(UTC)
        streams = await settlement.settle_and_commit(connection, [change], at=now)
    log.warning("voided", trade=trade_id, was=trade.status, profit_loss=str(trade.profit_loss), reason=reason)
    await doorbell.ring(services.redis, streams)
    return trade_view(change.after, now)


async def read_voids(services: Services, limit: int, before: Key | None = None) -> tuple[list[Void], Key | None]:
    """At most `limit` trades that were struck out, newest first; and where the next page starts, None at the end."""
    async with services.pool.connection() as connection:
        found = await voids.page(connection, limit + 1, before)
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], None if last is None else Key(last.at, last.trade_id)
