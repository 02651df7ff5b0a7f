"""The commands that talk through the API: tables for people, JSON for programs, one line for what went wrong."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from paperfleet.cli.remote import show, show_list
from paperfleet.client import Client
from services.domain.market import Market
from tests.api.running import serving
from tests.api.sse import append
from tests.client.line import Line
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")
PAPERFLEET = Path(sys.executable).with_name("paperfleet")


async def test_a_trade_by_hand(services, api, run):
    price = (await services.prices.one(Market.FUTURES, "ETHUSDT")).last
    plan = ("FUTURES", "ETHUSDT", "long", "--stop", str(price / 2), "--target", str(price * 2), "--source", "by hand")
    assert "ETHUSDT" in run(api.url, "trades", "open", *plan, "--dry-run")
    assert "no such trades" in run(api.url, "trades", "list", "--source", "by hand")
    made = json.loads(run(api.url, "trades", "open", *plan, "--json"))
    id_ = str(made["id"])
    listed = run(api.url, "trades", "list", "--source", "by hand", "--status", "OPEN")
    assert listed.split()[:3] == ["id", "market", "pair"]
    assert id_ in listed
    edited = run(api.url, "trades", "edit", id_, "--stop", str(round(price / 2, 2) + 1), "--notes", "a note", "--json")
    assert json.loads(edited)["notes"] == "a note"
    assert json.loads(edited)["version"] > made["version"]
    assert "CLOSED_MANUAL" in run(api.url, "trades", "close", id_)
    told = run(api.url, "trades", "close", id_, code=1)
    assert told.count("\n") == 1, told
    assert "CLOSED_MANUAL" in run(api.url, "trades", "show", id_)
    assert run(api.url, "trades", "cancel", id_, code=1).endswith(")\n")
    assert "total_trades" in run(api.url, "performance", "summary", "--source", "by hand")
    assert "by hand" in run(api.url, "performance", "by", "source", "--days", "2")
    assert "no points yet" in run(api.url, "performance", "equity")


async def test_the_mode_of_an_account_has_its_colour(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    show(None, False, [("name", "[bold]live"), ("mode", "paper")])
    show_list([SimpleNamespace(name="live", mode="live")], False, [("name", "name"), ("mode", "mode")], "none")
    shown = capsys.readouterr().out
    assert "\x1b[32mPAPER" in shown
    assert "\x1b[1;31mLIVE\x1b[0m" in shown
    assert "[bold]live" in shown, "a name is no markup"


async def test_signals_accounts_keys_system(api, run, tmp_path):
    wish = ("SPOT", "BTCUSDT", "LONG", "--stop", "2%", "--target", "4%", "--source", "told by hand")
    assert "accepted" in run(api.url, "signals", "dry-run", *wish)
    said = json.loads(run(api.url, "signals", "say", *wish, "--json"))
    (tmp_path / "alert.txt").write_text("symbol=BTCUSDT side=long sl=2% tp=4%")
    tried = run(api.url, "signals", "dry-run-alert", str(said["source_id"]), str(tmp_path / "alert.txt"))
    assert "accepted" in tried
    assert "told by hand" in run(api.url, "signals", "show", str(said["id"]))
    assert "told by hand" in run(api.url, "signals", "list", "--symbol", "BTCUSDT", "-n", "5")
    assert "CANCELLED" in run(api.url, "signals", "cancel", str(said["id"]))
    waits = ("--entry", "9000-10000", "--entry-until", "2040-01-01T00:00:00Z")
    zoned = json.loads(run(api.url, "signals", "say", *wish, *waits, "--json"))
    assert (zoned["entry_type"], Decimal(zoned["entry_price"])) == ("LIMIT", 10_000)
    assert (Decimal(zoned["rules"]["entry_zone"]), zoned["rules"]["entry_expires_at"][:4]) == (9_000, "2040")
    assert "9000" in run(api.url, "signals", "show", str(zoned["id"]))
    ended = json.loads(run(api.url, "signals", "exit", "SPOT", "BTCUSDT", "--source", "told by hand", "--json"))
    assert (ended["action"], ended["direction"], ended["status"]) == ("EXIT", None, "ACTIVE")
    made = json.loads(run(api.url, "accounts", "create", "by command", "--balance", "700", "--once", "x", "--json"))
    again = json.loads(run(api.url, "accounts", "create", "by command", "--balance", "700", "--once", "x", "--json"))
    assert made["id"] == again["id"]
    account = str(made["id"])
    assert "705" in run(api.url, "accounts", "deposit", account, "5")
    assert "by command" in run(api.url, "accounts", "list")
    assert "705" in run(api.url, "accounts", "show", account)
    assert len(run(api.url, "accounts", "ledger", account, "--json").splitlines()) == 2
    for _ in range(2):
        assert "300" in run(api.url, "accounts", "reset", account, "--balance", "300", "--once", "x")
    assert len(run(api.url, "accounts", "ledger", account, "--json").splitlines()) == 3
    wanted = ("keys", "create", "bot", "--scope", "read", "--scope", "trade", "--once", "x", "--json")
    key, again = [json.loads(run(api.url, *wanted)) for _ in range(2)]
    assert key["scopes"] == ["read", "trade"]
    assert (again["id"], again["key"]) == (key["id"], None)
    rotated = ("keys", "rotate", str(key["id"]), "--overlap", "0", "--once", "x", "--json")
    new, again = [json.loads(run(api.url, *rotated)) for _ in range(2)]
    assert again["id"] == new["id"] != key["id"]
    assert "holds no longer" in run(api.url, "keys", "revoke", str(new["id"]), "--yes")
    assert "bot" in run(api.url, "keys", "list")
    assert "open trades" in run(api.url, "system", "show")
    assert json.loads(run(api.url, "system", "show", "--json"))["pairs"] > 0


async def test_what_went_wrong_is_one_sentence_and_what_to_do(api, run):
    told = run("http://127.0.0.1:1", "accounts", "list", code=1)
    assert told.splitlines()[1] == "start one with `paperfleet up`, or name another with --url or PAPERFLEET_URL"
    assert "there is no trade 987654321 (no_such_trade)" in run(api.url, "trades", "show", "987654321", code=1)
    assert "must be an http or https address" in run("nonsense", "system", "show", code=2)
    assert "give --stop, --target or --notes" in run(api.url, "trades", "edit", "1", code=2)


@contextlib.contextmanager
def _started(command):
    """A process with pipes, that does not inherit a SIGINT ignored by whoever runs the tests; ended with the block."""
    mine = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, mine)
    with process:
        try:
            yield process
        finally:
            process.kill()


async def test_tail_goes_on_after_the_api_was_away(services, api):
    async with services.pool.connection() as connection:
        head = (await (await connection.execute("SELECT event_seq FROM accounts WHERE id = 1")).fetchone())[0]
    with serving(services.settings) as first, Line(first.url) as line:
        command = [PAPERFLEET, "tail", "--json", "--only", "paper_trade", "-n", "5", "--url", line.url]
        with _started(command) as tail:
            await wait_until(lambda: first.app.state.hub._clients, 60)
            await append(services, 2)
            numbers = [json.loads(tail.stdout.readline())["data"]["number"] for _ in range(2)]
            line.target = "http://127.0.0.1:1"
            line.cut()
            await append(services, 2)
            threading.Timer(1.5, lambda: setattr(line, "target", api.url)).start()
            numbers += [json.loads(tail.stdout.readline())["data"]["number"] for _ in range(2)]
            await append(services, 1)
            numbers.append(json.loads(tail.stdout.readline())["data"]["number"])
            assert tail.wait(30) == 0
            assert "going on in" in tail.stderr.read()
    assert numbers == [head + number for number in range(1, 6)]


async def test_tail_of_some_types_tells_apart_from_them_that_its_place_is_gone(services, api):
    with serving(services.settings) as server:
        command = [PAPERFLEET, "tail", "--json", "--only", "paper_trade", "-n", "1", "--after", "another:a1.1"]
        with _started([*command, "--url", server.url]) as tail:
            await wait_until(lambda: server.app.state.hub._clients, 60)
            await append(services, 1)
            assert json.loads(tail.stdout.readline())["type"] == "paper_trade"
            assert tail.wait(30) == 0
            assert "reset" in tail.stderr.read()


async def test_tail_of_one_account_tells_of_no_other(services, api):
    second = (await api.http.post("/api/accounts/", json={"name": "to be followed"})).json()["id"]
    with serving(services.settings) as server:
        command = [PAPERFLEET, "tail", "--json", "--only", "paper_trade", "--account", str(second), "-n", "1"]
        with _started([*command, "--url", server.url]) as tail:
            await wait_until(lambda: server.app.state.hub._clients, 60)
            await append(services, 3)
            await append(services, 1, account_id=second, filling="its own")
            assert json.loads(tail.stdout.readline())["data"]["filling"] == "its own"
            assert tail.wait(30) == 0


async def test_tail_in_words_ends_with_ctrl_c(services, api):
    command = [PAPERFLEET, "tail", "--prices", "SPOT:BTCUSDT", "--url", api.url]
    with _started(command) as tail:
        line = tail.stdout.readline()
        assert line.split()[0] == "price"
        assert "SPOT BTCUSDT" in line
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130
        assert "Traceback" not in tail.stderr.read()


async def test_pages_beyond_the_first_are_listed(services, api, run):
    with Client(api.url) as client:
        price = (await services.prices.one(Market.SPOT, "BTCUSDT")).last
        made = [
            client.trades.open(
                market_type="SPOT",
                symbol="BTCUSDT",
                direction="LONG",
                stop_loss=price / 2,
                take_profit=price * 2,
                source="many",
            ).id
            for _ in range(3)
        ]
    lines = run(api.url, "trades", "list", "--source", "many", "-n", "2", "--json").splitlines()
    assert [json.loads(each)["id"] for each in lines] == made[:0:-1]
