"""What a source has told, as it is tried again: its checked signals with the price levels they named."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from services.db.pool import Connection
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules
from services.domain.signal import Level

MOST = 100_000
_levels = msgspec.json.Decoder(tuple[Level, ...]).decode
_rules = msgspec.json.Decoder(Rules).decode


class ToldSignal(msgspec.Struct, frozen=True, kw_only=True):
    """A signal that once passed its check; `stop_loss` is None where it was told in percent."""

    id: int
    market: Market
    symbol: str
    direction: Direction
    entry_type: EntryType | None
    entry_price: Decimal | None
    stop_loss: Decimal | None
    stop_loss_percent: Decimal | None
    targets: tuple[Level, ...]
    rules: Rules
    leverage: int | None
    position_size: Decimal | None
    signal_time: datetime


async def told_signals(
    connection: Connection, source: str, since: datetime | None, until: datetime | None
) -> list[ToldSignal]:
    """The entries that sources of that name told of, by time, at most MOST; rejected ones are left out."""
    cursor = await connection.execute(
        """SELECT g.id, i.market, i.symbol, g.direction, g.entry_type, g.entry_price, g.stop_loss, g.stop_loss_percent,
               g.targets::text, g.rules::text, g.leverage, g.position_size, g.signal_time
           FROM signals g JOIN sources s ON s.id = g.source_id JOIN instruments i ON i.id = g.instrument_id
           WHERE s.name = %(source)s AND g.action = 'ENTRY' AND g.status <> 'REJECTED'
               AND (%(since)s::timestamptz IS NULL OR g.signal_time >= %(since)s)
               AND (%(until)s::timestamptz IS NULL OR g.signal_time < %(until)s)
           ORDER BY g.signal_time, g.id LIMIT %(most)s""",
        {"source": source, "since": since, "until": until, "most": MOST},
    )
    return [_signal(row) for row in await cursor.fetchall()]


def _signal(row: tuple[Any, ...]) -> ToldSignal:
    id_, market, symbol, direction, entry_type, price, stop, percent, targets, rules, leverage, size, time = row
    return ToldSignal(
        id=id_,
        market=Market(market),
        symbol=symbol,
        direction=Direction(direction),
        entry_type=None if entry_type is None else EntryType(entry_type),
        entry_price=price,
        stop_loss=stop,
        stop_loss_percent=percent,
        targets=_levels(targets),
        rules=_rules(rules),
        leverage=leverage,
        position_size=size,
        signal_time=time,
    )
