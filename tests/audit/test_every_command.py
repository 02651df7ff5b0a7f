"""Whatever a command changes leaves a row in the audit log: who did it, what was before, what is after."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import psycopg
import pytest
import typer

from paperfleet.cli import app
from paperfleet.cli.operator import operator
from paperfleet.site.pages import commands
from services.db import backup
from services.db.migrate import revisions, upgrade
from tests.access.people import PASSWORD
from tests.audit.operator_at_work import Desk
from tests.audit.people_at_work import fresh
from workers.quarantine import Quarantined

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKS_UNLESS = ("paperfleet queues", "paperfleet strategies")
"""They only show something, unless an option says what to do: each option of theirs counts as a command."""
_FOUND = dict(commands("paperfleet", typer.main.get_command(app)))
COMMANDS = sorted(
    [label for label in _FOUND if label not in LOOKS_UNLESS]
    + [f"{label} {option.opts[0]}" for label in LOOKS_UNLESS for option in _FOUND[label].params]
)

_READS = "it only reads"
_FILES = "it reads and writes files"
_PROCESS = "what a process of the fleet does by itself is the fleet's own work; what it is asked to, an operation"
EXCEPTIONS = {
    "paperfleet api": _PROCESS,
    "paperfleet scheduler": _PROCESS,
    "paperfleet up": _PROCESS,
    "paperfleet worker": _PROCESS,
    "paperfleet simulator": "an exchange for tests, which has no database",
    "paperfleet backtest": _FILES,
    "paperfleet replay": _FILES,
    "paperfleet whatif": _READS,
    "paperfleet export": _READS,
    "paperfleet doctor": _READS,
    "paperfleet lag": _READS,
    "paperfleet queues --json": "how it is shown",
} | {
    label: "it goes through the API, whose operations test_every_operation.py holds"
    for label, command in _FOUND.items()
    if any("--url" in option.opts for option in command.params)
}
"""Commands that leave no row of their own, and why."""

WHY = ("--reason", "the market data looks wrong")


class Deed(msgspec.Struct, kw_only=True):
    """What follows the command's words, what it is told besides; and the row that it leaves in the database at `url`.

    `before` and `after` are each a column that the row tells there, None where there was nothing or nothing is left.
    """

    words: tuple[object, ...] = ()
    told: str = ""
    action: str
    subject: str
    before: str | None
    after: str | None
    url: str = ""


Made = Callable[[Desk], Awaitable[Deed]]
CASES: dict[str, Made] = {}


def case(label: str) -> Callable[[Made], Made]:
    def kept(made: Made) -> Made:
        CASES[f"paperfleet {label}"] = made
        return made

    return kept


@case("void")
async def _void(desk: Desk) -> Deed:
    trade_id = await desk.ground.trade_id()
    await desk.ground.made(f"/api/paper-trades/{trade_id}/close_trade/", {})
    return Deed(words=(trade_id, *WHY), action="update", subject="trades", before="status", after="status")


def halts(label: str) -> None:
    async def made(desk: Desk) -> Deed:
        return Deed(words=WHY, action="insert", subject="halts", before=None, after="reason")

    case(label)(made)


halts("pause")
halts("no-new-trades")
halts("kill")


@case("resume")
async def _resume(desk: Desk) -> Deed:
    assert (await desk.ground.admin.http.put("/api/system/halts/fleet/", json={"reason": WHY[1]})).is_success
    return Deed(action="delete", subject="halts", before="reason", after=None)


@case("reconcile")
async def _reconcile(desk: Desk) -> Deed:
    return Deed(action="update", subject="system", before="reconciled_at", after="reconciled_at")


@case("backup")
async def _backup(desk: Desk) -> Deed:
    words, moment = (desk.folder / "night.zip",), "backed_up_at"
    return Deed(words=words, action="update", subject="system", before=moment, after=moment)


@case("new-epoch")
async def _new_epoch(desk: Desk) -> Deed:
    return Deed(action="update", subject="system", before="epoch", after="epoch")


@case("restore")
async def _restore(desk: Desk) -> Deed:
    file = desk.folder / "night.zip"
    await backup.back_up(desk.url, file)
    return Deed(words=(file,), action="restore", subject="system", before="epoch", after="epoch", url=desk.empty())


@case("migrate")
async def _migrate(desk: Desk) -> Deed:
    url = desk.empty()
    upgrade(url, revisions()[1])
    return Deed(action="migrate", subject="schema", before="revision", after="revision", url=url)


@case("import")
async def _import(desk: Desk) -> Deed:
    file = desk.folder / "account.jsonl"
    await desk.ground.trade_id()
    await desk.run("export", desk.ground.anna.account_id, file)
    words = (file, "--name", fresh("brought"), "--user", desk.ground.anna.name)
    return Deed(words=words, action="import", subject="accounts", before=None, after="balance")


@case("brackets")
async def _brackets(desk: Desk) -> Deed:
    one = {"initialLeverage": 4, "notionalCap": 1, "notionalFloor": 0, "maintMarginRatio": 0.1, "cum": 0}
    file = desk.folder / "leverageBracket.json"
    file.write_bytes(msgspec.json.encode([{"symbol": "BTCUSDT", "brackets": [one]}]))
    return Deed(words=(file,), action="replace", subject="brackets", before="BTCUSDT", after="BTCUSDT")


@case("delist")
async def _delist(desk: Desk) -> Deed:
    words = ("SPOT", await desk.suspended(), "--price", "1.5")
    return Deed(words=words, action="update", subject="instruments", before="settlement_price", after="delisted_at")


@case("rename")
async def _rename(desk: Desk) -> Deed:
    words = ("SPOT", await desk.suspended(), "NEWUSDT")
    return Deed(words=words, action="update", subject="instruments", before="symbol", after="symbol")


@case("user create")
async def _user(desk: Desk) -> Deed:
    words = (fresh("created"), "--password-stdin")
    return Deed(words=words, told=PASSWORD, action="insert", subject="users", before=None, after="name")


@case("user password")
async def _password(desk: Desk) -> Deed:
    words, hash_ = ((await desk.ground.someone()).name, "--password-stdin"), "password_hash"
    return Deed(words=words, told="another long one", action="update", subject="users", before=hash_, after=hash_)


@case("strategies --enable")
async def _enable(desk: Desk) -> Deed:
    await desk.ground.query("INSERT INTO disabled_strategies (strategy, reason) VALUES ('donchian', 'it broke')")
    return Deed(words=("donchian",), action="enable", subject="strategies", before="disabled_for", after=None)


def letters(option: str, action: str) -> None:
    async def made(desk: Desk) -> Deed:
        words = (await desk.ground.letter(),)
        return Deed(words=words, action=action, subject="dead_letters", before="error", after=None)

    case(f"queues {option}")(made)


def prices(option: str, action: str) -> None:
    async def made(desk: Desk) -> Deed:
        words = (await desk.ground.key(),)
        return Deed(words=words, action=action, subject="quarantined_prices", before="close", after=None)

    case(f"queues {option}")(made)


letters("--retry", "retry")
letters("--drop", "delete")
prices("--believe-price", "believe")
prices("--drop-price", "delete")


@case("queues --clear-quarantine")
async def _clear(desk: Desk) -> Deed:
    record = Quarantined.of("fetch", "an id", "it kills its worker", b"a message")
    await desk.ground.services.redis.lpush("tasks:__quarantine__", msgspec.msgpack.encode(record))
    return Deed(action="delete", subject="quarantined_messages", before="reason", after=None)


async def test_every_command_has_a_case_or_a_reason():
    assert sorted([*CASES, *EXCEPTIONS]) == COMMANDS
    assert len(COMMANDS) > 100


@pytest.mark.parametrize("label", [label for label in COMMANDS if label not in EXCEPTIONS])
async def test_it_is_in_the_log_who_did_it_and_what_was_before(desk, label):
    deed = await CASES[label](desk)
    known = rows(desk.url)  # a restored database has them too
    await desk.run(*label.split()[1:], *deed.words, told=deed.told, url=deed.url)
    left = [row for row in rows(deed.url or desk.url) if row not in known]
    mine = [row for row in left if row[1:6] == (None, operator().via, "", deed.action, deed.subject)]
    assert [row for row in mine if tells(row[6], deed.before) and tells(row[7], deed.after)], left
    await desk.ground.query("DELETE FROM halts")


def tells(whole: str | None, column: str | None) -> bool:
    """Whether the column is in it; without one, that there is nothing."""
    return whole is None if column is None else f'"{column}": ' in (whole or "")


def rows(url: str) -> list[tuple[Any, ...]]:
    """The log of the database at `url`."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """SELECT id, user_id, via, address, action, subject, before::text, after::text
               FROM audit_log ORDER BY id"""
        ).fetchall()
