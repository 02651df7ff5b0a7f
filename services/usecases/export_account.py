"""Export an account: its finished trades with everything booked and told of them, capital, signals and decisions.

One JSON object a line, beginning with what it is (`line`); money as text. Live trades stay where they are followed:
two systems that judge one trade would book it twice. What ends or begins meanwhile was not finished, and stays too.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from services.db import archive
from services.db.pool import outlast
from services.domain.errors import NotFound
from services.usecases.context import Services

FORMAT = 1

_encode = msgspec.json.Encoder().encode


async def export_account(services: Services, account_id: int) -> AsyncIterator[bytes]:
    """The lines, each with its end; the last one counts them. Raises NotFound."""
    lines = written = 0
    async with services.pool.connection() as connection:
        await outlast(connection)
        account = await archive.account(connection, account_id)
        if account is None:
            raise NotFound("no_such_account", f"there is no account {account_id}", field="account")
        yield _line("account", {"format": FORMAT, "exported_at": datetime.now(UTC), **account})
        instruments = await archive.instruments(connection, account_id)
        sources = await archive.sources(connection, account_id)
        for kind, rows in (("instrument", instruments), ("source", sources)):
            for row in rows:
                lines += 1
                yield _line(kind, row)
        named = [each["id"] for each in instruments]
        for kind, pages in (
            ("capital", archive.capital(connection, account_id)),
            ("trade", archive.trades(connection, account_id, named)),
            ("signal", archive.signals(connection, account_id, named, [each["id"] for each in sources])),
        ):
            async for page in pages:
                written += len(page) if kind == "trade" else 0
                for row in page:
                    lines += 1
                    yield _line(kind, row)
        left = await archive.count_trades(connection, account_id) - written
    yield _line("end", {"lines": lines, "live_trades_left_out": left})


def _line(kind: str, row: dict[str, object]) -> bytes:
    return _encode({"line": kind, **row}) + b"\n"
