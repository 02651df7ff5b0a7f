"""Import an account that was exported: a new account with the same trades, bookings, signals and figures.

All of it in one transaction, or nothing. Trades, signals and instruments get ids of this system; what refers to them
follows. An origin is brought once.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from services.coordination import doorbell
from services.db import accounts, archive, audit, closings
from services.db.archive import PAGE, Row
from services.db.pool import Connection, outlast
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.malformed import MALFORMED
from services.usecases.context import Services
from services.usecases.export_account import FORMAT


class Imported(msgspec.Struct, frozen=True):
    """What an import has made. `live_trades_left_out` of the export are not among them."""

    account_id: int
    trades: int
    signals: int
    balance: Decimal
    live_trades_left_out: int


async def import_account(services: Services, lines: Iterable[bytes], user: str, name: str) -> Imported:
    """Bring the exported lines into a new account `name` of the user with that name.

    Raises InvalidInput for what is no whole export, NotFound for the user, Conflict where the user has an account of
    that name or the export was brought before.
    """
    reader = _Reader(lines)
    async with services.pool.connection() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await outlast(connection)
        try:
            user_id, account_id = await _make_account(connection, reader.account, user, name)
            bringing = _Bringing(connection, user_id, account_id, str(reader.account["origin"]))
            for kind, rows in reader.batches():
                await bringing.bring(kind, rows)
        except (KeyError, TypeError) as error:
            raise InvalidInput("no_export", f"a line lacks {error}") from None
        balance = await archive.settle_balance(connection, account_id)
        imported = Imported(account_id, bringing.trades, bringing.signals, balance, reader.left_out)
        payload = {"type": "account", "action": "imported", **msgspec.structs.asdict(imported)}
        stream = await accounts.announce(connection, account_id, "imported", msgspec.json.encode(payload))
        # One row of the log for all of it, so it comes last: only from then on this transaction has a name.
        await audit.note(connection, "import", "accounts", str(account_id), after=imported)
    await doorbell.ring(services.redis, [stream])
    return imported


async def _make_account(connection: Connection, account: Row, user: str, name: str) -> tuple[int, int]:
    origin = str(account["origin"])
    await _check_new(connection, origin)
    row = await (await connection.execute("SELECT id FROM users WHERE name = %s", [user])).fetchone()
    if row is None:
        raise NotFound("no_such_user", f"there is no user {user}", field="user")
    terms = {
        key: account[key] for key in account.keys() - {"origin", "balance", "name", "format", "exported_at", "line"}
    }
    made = await connection.execute(
        "INSERT INTO accounts (user_id, name, origin) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
        [row[0], name, origin],
    )
    if (fresh := await made.fetchone()) is None:
        await _check_new(connection, origin)  # another import of it may have ended meanwhile
        raise Conflict("account_exists", f"{user} has an account {name} already", field="name")
    await archive.set_columns(connection, "accounts", fresh[0], terms)
    return int(row[0]), int(fresh[0])


async def _check_new(connection: Connection, origin: str) -> None:
    if (known := await archive.taken(connection, origin)) is not None:
        raise Conflict("imported_already", f"this export has been brought already, into account {known}")


class _Reader:
    """The lines of an export, checked: it begins as one, and ends with as many lines as it says."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.account = self._decode(next(self._lines, b""))
        if self.account.get("line") != "account" or self.account.get("format") != FORMAT:
            raise InvalidInput("no_export", "this is no export of an account that this program can read")
        self.left_out = 0

    def batches(self) -> Iterator[tuple[str, list[Row]]]:
        """Lines of one kind together, a page at most; instruments and sources all at once."""
        kind, rows = "", list[Row]()
        for seen, line in enumerate(self._lines):
            row = self._decode(line)
            if row["line"] == "end":
                if row.get("lines") != seen or not isinstance(row.get("live_trades_left_out"), int):
                    break
                yield kind, rows
                self.left_out = row["live_trades_left_out"]
                return
            if row["line"] != kind or (len(rows) >= PAGE and kind not in ("instrument", "source")):
                yield kind, rows
                kind, rows = row["line"], []
            rows.append(row)
        raise InvalidInput("no_export", "the export is not whole: its last line does not count the others")

    @staticmethod
    def _decode(line: bytes) -> Row:
        try:
            row: Row = msgspec.json.decode(line, type=dict[str, Any])
        except MALFORMED as error:
            raise InvalidInput("no_export", f"a line is no JSON object: {error}") from None
        if not isinstance(row.get("line"), str):
            raise InvalidInput("no_export", "a line does not tell its kind (line)")
        return row


class _Bringing:
    """One import on its way: whose it is, and which ids have become which."""

    def __init__(self, connection: Connection, user_id: int, account_id: int, origin: str) -> None:
        self._connection = connection
        self._user_id, self._account_id, self._origin = user_id, account_id, origin
        self._instruments: dict[int, int] = {}
        self._sources: dict[int, int] = {}
        self._trades: dict[int, int] = {}
        self.trades = self.signals = 0

    async def bring(self, kind: str, rows: Sequence[Row]) -> None:
        """Bring lines of one kind."""
        if kind == "instrument":
            self._instruments = await archive.match_instruments(self._connection, rows)
        elif kind == "source":
            self._sources = await archive.match_sources(self._connection, self._user_id, rows)
        elif kind == "capital":
            booked = [{**row, "account_id": self._account_id} for row in rows]
            await archive.insert(self._connection, "ledger", await self._numbered("ledger", booked))
        elif kind == "trade":
            await self._bring_trades(rows)
        elif kind == "signal":
            await self._bring_signals(rows)
        elif kind:
            raise InvalidInput("no_export", f"there are no lines of kind {kind!r}")

    async def _numbered(self, table: str, rows: Sequence[Row]) -> list[Row]:
        ids = await archive.numbers(self._connection, table, len(rows))
        return [{**row, "id": id_} for row, id_ in zip(rows, ids, strict=True)]

    async def _bring_trades(self, rows: Sequence[Row]) -> None:
        own = [
            {
                **row,
                "account_id": self._account_id,
                "instrument_id": self._instruments[row["instrument_id"]],
                "signal_id": None,
            }
            for row in rows
        ]
        fresh = await self._numbered("trades", own)
        here = {row["id"]: new["id"] for row, new in zip(rows, fresh, strict=True)}
        self._trades |= here
        await archive.insert(self._connection, "trades", fresh)
        for table, part in (("trade_exits", "exits"), ("trade_revisions", "revisions")):
            parts = [{"trade_id": here[row["id"]], **each} for row in rows for each in row[part] or ()]
            await archive.insert(self._connection, table, parts)
        booked = [
            {"trade_id": here[row["id"]], "account_id": self._account_id, **each}
            for row in rows
            for each in row["bookings"] or ()
        ]
        await archive.insert(self._connection, "ledger", await self._numbered("ledger", booked))
        voids = [{"trade_id": here[row["id"]], **row["void"]} for row in rows if row["void"]]
        await archive.insert(self._connection, "voids", voids)
        origins = [
            {"account_id": self._account_id, "origin": self._origin, "origin_id": old, "trade_id": new}
            for old, new in here.items()
        ]
        await archive.insert(self._connection, "imported_trades", origins)
        counted = [here[row["id"]] for row in rows if row["exit_time"] and row["status"] != "VOIDED"]
        await closings.add_results(self._connection, counted)
        self.trades += len(rows)

    async def _bring_signals(self, rows: Sequence[Row]) -> None:
        own = [
            {
                **row,
                "source_id": self._sources[row["source_id"]],
                "instrument_id": self._instruments.get(row["instrument_id"]),
            }
            for row in rows
        ]
        known = await archive.known_signals(self._connection, self._account_id, own)
        ids = [known.get(place) for place in range(len(own))]
        new = await self._numbered("signals", [row for row, id_ in zip(own, ids, strict=True) if id_ is None])
        await archive.insert(self._connection, "signals", new)
        fresh = iter(new)
        here = [id_ if id_ is not None else next(fresh)["id"] for id_ in ids]
        decisions = []
        for row, id_ in zip(rows, here, strict=True):
            decision, trade_id = row["decision"], self._trades.get(row["decision"]["trade_id"])
            if decision["outcome"] != "accepted" or trade_id is not None:  # a live trade's stays with its trade
                decisions.append({**decision, "signal_id": id_, "account_id": self._account_id, "trade_id": trade_id})
        await archive.insert(self._connection, "signal_decisions", decisions)
        await archive.link_signals(self._connection, self._account_id)
        self.signals += len(new)
