"""A whole database in one file, and back: rows as COPY writes them, from one snapshot, in a zip with a manifest.

It needs no program of PostgreSQL's own and no superuser, and goes from any supported version to any other. The schema
is that of the migrations; the manifest names its revision. A restored database gets another epoch: what streams told
after the backup was made never happened there, so every client of a stream has to begin anew.

A backup cannot tell of itself that it was made. So restoring notes it: what the database holds then is in that file,
and nothing that comes after.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier, Literal

from services.db import acting, audit, last_backup
from services.db.migrate import upgrade
from services.db.pool import Connection, outlast
from services.domain.errors import Conflict, InvalidInput
from services.domain.malformed import MALFORMED

FORMAT = 1
_CHUNK = 256 * 1024


class TableRows(msgspec.Struct, frozen=True):
    """A table of the backup: its columns in order, and how many rows there are."""

    name: str
    columns: tuple[str, ...]
    rows: int


class Partition(msgspec.Struct, frozen=True):
    """A partition to be made before rows come in; `bound`, and what else it was made with, as PostgreSQL spells it."""

    name: str
    parent: str
    bound: str


class Counter(msgspec.Struct, frozen=True):
    """Where the numbers of a column stood that a sequence gives."""

    table: str
    column: str
    last: int
    is_called: bool


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, as of `made_at`. Tables come in the order in which their rows can be put back."""

    format: int
    made_at: datetime
    revision: str
    epoch: str
    tables: tuple[TableRows, ...]
    partitions: tuple[Partition, ...]
    counters: tuple[Counter, ...]


async def back_up(url: str, file: Path) -> Manifest:
    """Write everything to `file`, which appears when it is whole. Raises psycopg.Error, OSError.

    One snapshot is held meanwhile, as by any backup: make it from a replica if the database is large.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        async with _connected(url) as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with ZipFile(part, "w", ZIP_DEFLATED, compresslevel=3) as archive:
                manifest = await _write(connection, archive)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return manifest


async def note(url: str, manifest: Manifest, file: Path) -> str:
    """Keep that `file` is whole now, for those who ask how old the last backup is; why that cannot be kept, or "".

    It cannot where nothing may be written, as in a replica, which makes the backup no worse.
    """
    try:
        async with _connected(url) as connection:
            await acting.tell(connection)
            await last_backup.keep(connection, manifest.made_at, _size(file))
    except psycopg.Error as error:
        return str(error).partition("\n")[0]
    return ""


def read_manifest(file: Path) -> Manifest:
    """What a backup holds. Raises InvalidInput for anything that is none, OSError."""
    try:
        with ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
    except (BadZipFile, KeyError, *MALFORMED) as error:
        raise InvalidInput("no_backup", f"{file} is no backup: {error}") from None
    if manifest.format != FORMAT:
        raise InvalidInput("no_backup", f"{file} has format {manifest.format}, this program reads {FORMAT}")
    return manifest


async def restore(url: str, file: Path) -> Manifest:
    """Put the backup in `file` into an empty database, migrate it to the newest schema, and give it another epoch.

    All rows come in one transaction. Raises Conflict where the database has accounts already, InvalidInput, OSError.
    """
    manifest = read_manifest(file)
    await _refuse_unless_empty(url)
    upgrade(url, manifest.revision)
    with ZipFile(file) as archive:
        async with _connected(url) as connection:
            epoch = await _fill(connection, archive, manifest)
    upgrade(url)
    rows = {table.name: table.rows for table in manifest.tables if table.rows}
    async with _connected(url) as connection:
        await last_backup.keep(connection, manifest.made_at, _size(file))
    brought = {"made_at": manifest.made_at, "revision": manifest.revision, "epoch": epoch, "rows": rows}
    await audit.note_apart(url, "restore", "system", before={"epoch": manifest.epoch}, after=brought)
    return manifest


async def new_epoch(url: str) -> str:
    """Give a database that was put back by other means another epoch; which."""
    async with _connected(url) as connection:
        await acting.tell(connection)
        return await _change_epoch(connection)


async def _write(connection: Connection, archive: ZipFile) -> Manifest:
    (made_at,) = await _one(connection, _MOMENT)
    tables = []
    for name, columns in await _tables(connection):
        with archive.open(f"tables/{name}.copy", "w", force_zip64=True) as out:
            rows = await _copy_out(connection, name, columns, out)
        tables.append(TableRows(name, columns, rows))
    revision, epoch = await _one(connection, "SELECT (SELECT version_num FROM alembic_version), epoch FROM system")
    manifest = Manifest(
        format=FORMAT,
        made_at=made_at,
        revision=revision,
        epoch=epoch,
        tables=tuple(tables),
        partitions=tuple([Partition(*row) for row in await _all(connection, _PARTITIONS)]),
        counters=tuple([await _counter(connection, *row) for row in await _all(connection, _NUMBERED)]),
    )
    archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


async def _copy_out(connection: Connection, name: str, columns: tuple[str, ...], out: IO[bytes]) -> int:
    cursor = connection.cursor()
    query = SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(_names(columns), Identifier(name))
    async with cursor.copy(query) as copy:
        async for block in copy:
            out.write(block)
    return cursor.rowcount


async def _fill(connection: Connection, archive: ZipFile, manifest: Manifest) -> str:
    names = SQL(", ").join(Identifier(table.name) for table in manifest.tables)
    await connection.execute(SQL("TRUNCATE {}").format(names))
    parents = {part.parent for part in manifest.partitions}
    for name, parent, _ in await _all(connection, _PARTITIONS):
        if parent in parents:  # it may end elsewhere than that of the same name in the backup
            alter = SQL("ALTER TABLE {} DETACH PARTITION {}; DROP TABLE {}")  # what others refer to drops only detached
            await connection.execute(alter.format(Identifier(parent), Identifier(name), Identifier(name)))
    for part in manifest.partitions:
        made = SQL("CREATE TABLE {} PARTITION OF {} ").format(Identifier(part.name), Identifier(part.parent))
        await connection.execute(made + SQL(part.bound))  # as PostgreSQL itself spelt it
    for table in manifest.tables:
        query = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), _names(table.columns))
        cursor = connection.cursor()
        with archive.open(f"tables/{table.name}.copy") as rows:
            async with cursor.copy(query) as copy:
                while block := rows.read(_CHUNK):
                    await copy.write(block)
        if cursor.rowcount != table.rows:
            raise InvalidInput("no_backup", f"{table.name} has {cursor.rowcount} rows of {table.rows}")
    for each in manifest.counters:
        await connection.execute(
            SQL("SELECT setval(pg_get_serial_sequence({}, {}), {}, {})").format(
                Literal(each.table), Literal(each.column), Literal(each.last), Literal(each.is_called)
            )
        )
    return await _change_epoch(connection)


async def _change_epoch(connection: Connection) -> str:
    """Another epoch than ever: clients resynchronise, messages of webhooks get ids that were never used."""
    (epoch,) = await _one(
        connection, "UPDATE system SET epoch = left(md5(random()::text || clock_timestamp()::text), 8) RETURNING epoch"
    )
    return str(epoch)


async def _tables(connection: Connection) -> list[tuple[str, tuple[str, ...]]]:
    """Every table with its columns, those first that others refer to."""
    found = {name: tuple(columns) for name, columns in await _all(connection, _TABLES)}
    refers: dict[str, set[str]] = {name: set() for name in found}
    for name, other in await _all(connection, _REFERENCES):
        if name in refers and other in refers and name != other:
            refers[name].add(other)
    ordered: list[tuple[str, tuple[str, ...]]] = []
    while refers:
        free = sorted(name for name, others in refers.items() if not others & refers.keys())
        assert free, f"tables refer to each other in a circle: {sorted(refers)}"
        ordered += [(name, found[name]) for name in free]
        for name in free:
            del refers[name]
    return ordered


async def _counter(connection: Connection, table: str, column: str, sequence: str) -> Counter:
    # The name comes from the catalog, quoted where it has to be.
    last, called = await _one(connection, f"SELECT last_value, is_called FROM {sequence}")
    return Counter(table, column, last, called)


async def _refuse_unless_empty(url: str) -> None:
    async with _connected(url) as connection:
        (has_accounts,) = await _one(connection, "SELECT to_regclass('accounts') IS NOT NULL")
        if has_accounts and (await _one(connection, "SELECT EXISTS (SELECT FROM trades)"))[0]:
            raise Conflict("not_empty", "this database has trades: make an empty one to restore into")


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    """One transaction, committed at the end. No timeouts: it may take its time."""
    options = "-c timezone=UTC -c statement_timeout=0 -c lock_timeout=10s"
    async with await psycopg.AsyncConnection.connect(
        url, connect_timeout=5, application_name="paperfleet backup", options=options
    ) as connection:
        await outlast(connection)
        yield connection


async def _all(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query)).fetchall()


async def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    (row,) = await _all(connection, query)
    return row


def _size(file: Path) -> int:
    return file.stat().st_size


def _names(columns: tuple[str, ...]) -> Any:
    return SQL(", ").join(map(Identifier, columns))


# A replica holds what it was sent: nothing can have come after its last transaction.
_MOMENT = "SELECT least(now(), CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END)"
_TABLES = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
GROUP BY c.relname ORDER BY c.relname
"""
_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""
_PARTITIONS = """
SELECT c.relname, p.relname, pg_get_expr(c.relpartbound, c.oid)
    || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
FROM pg_inherits h
JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_class p ON p.oid = h.inhparent
WHERE c.relispartition AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""
_NUMBERED = """
SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL ORDER BY 1, 2
"""
