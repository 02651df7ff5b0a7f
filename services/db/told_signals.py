"""What a source has told, as it is tried again: its checked entries, and which trades really came of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from services.db.pool import Connection
from services.domain.market import Market
from services.domain.plan import Direction, EntryType, Rules
from services.domain.signal import Level

MOST = 100_000
_TOLD = """g.source_id = %(source)s AND g.status <> 'REJECTED'
    AND (%(since)s::timestamptz IS NULL OR g.signal_time >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR g.signal_time < %(until)s)"""
_levels = msgspec.json.Decoder(tuple[Level, ...]).decode
_rules = msgspec.json.Decoder(Rules).decode


class ToldSignal(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that once passed its check; `stop_loss` is None where it was told in percent."""

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


class Named(msgspec.Struct, frozen=True):
    """A source by its id, and the user whose it is."""

    id: int
    owner: str


async def sources_named(connection: Connection, name: str) -> list[Named]:
    """The sources of that name, of all users; by their id where `name` is a number and nobody's name."""
    cursor = await connection.execute(
        """SELECT s.id, u.name FROM sources s JOIN users u ON u.id = s.user_id
           WHERE s.name = %(name)s OR (s.id::text = %(name)s AND NOT EXISTS (
               SELECT FROM sources n WHERE n.name = %(name)s)) ORDER BY s.id""",
        {"name": name},
    )
    return [Named(*row) for row in await cursor.fetchall()]


async def told_signals(
    connection: Connection, source_id: int, since: datetime | None, until: datetime | None
) -> list[ToldSignal]:
    """The entries that a source told, by time, at most MOST; rejected ones are left out."""
    cursor = await connection.execute(
        f"""SELECT g.id, i.market, i.symbol, g.direction, g.entry_type, g.entry_price, g.stop_loss, g.stop_loss_percent,
                g.targets::text, g.rules::text, g.leverage, g.position_size, g.signal_time
            FROM signals g JOIN instruments i ON i.id = g.instrument_id
            WHERE {_TOLD} AND g.action = 'ENTRY' ORDER BY g.signal_time, g.id LIMIT %(most)s""",
        {"source": source_id, "since": since, "until": until, "most": MOST},
    )
    return [_signal(row) for row in await cursor.fetchall()]


async def told_counts(
    connection: Connection, source_id: int, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    """How many entries and how many exits the source told; rejected ones are left out."""
    cursor = await connection.execute(
        f"""SELECT count(*) FILTER (WHERE g.action = 'ENTRY'), count(*) FILTER (WHERE g.action = 'EXIT')
            FROM signals g WHERE {_TOLD}""",
        {"source": source_id, "since": since, "until": until},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def traded(connection: Connection, signal_ids: Sequence[int]) -> list[int]:
    """The trades that came of these signals on accounts of their sources' owners; struck out ones are left out."""
    cursor = await connection.execute(
        """SELECT t.id FROM trades t JOIN signals g ON g.id = t.signal_id JOIN sources s ON s.id = g.source_id
           JOIN accounts a ON a.id = t.account_id AND a.user_id = s.user_id
           WHERE t.signal_id = ANY(%s) AND t.status <> 'VOIDED' ORDER BY t.id""",
        [list(signal_ids)],
    )
    return [row[0] for row in await cursor.fetchall()]


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
