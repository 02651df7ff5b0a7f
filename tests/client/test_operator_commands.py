"""What operators and keepers of figures do by commands: stop, mend, look up, export, import, scorecards."""

import asyncio
import csv
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

import msgspec
import pytest

from paperfleet.client import Client
from services.bootstrap import build
from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.db import last_backup
from services.domain.finding import Level
from services.domain.market import Market
from services.usecases.examine_fleet import examine_fleet
from services.usecases.maintain import reconcile_books
from tests.api.running import serving
from tests.client.test_commands import PAPERFLEET
from tests.servers import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="package")
WHY = ("--reason", "the feed looks wrong")
PUT_ASIDE = {
    "at": datetime(2027, 1, 15, 8, tzinfo=UTC),
    "queue": "fetch",
    "redis_id": "three",
    "reason": "cannot be read",
    "size": 0,
    "data": b"",
}
numbers = count()


async def die(services, *letters: str) -> None:
    """Leave these dead letters in the queue `fetch`."""
    body = {
        "options": {"retries": 3, "traceback": "ValueError: no"},
        "actor_name": "fetch_paths",
        "queue_name": "fetch",
    }
    for id_ in letters:
        await services.redis.zadd("tasks:fetch.XQ", {id_: 1_800_000_000_000})
        await services.redis.hset("tasks:fetch.XQ.msgs", id_, msgspec.msgpack.encode(body | {"message_id": id_}))


async def test_stopping_and_going_on(api, run):
    try:
        assert "the feed looks wrong" in run(api.url, "system", "no-new-trades", *WHY)
        told = run(api.url, "system", "pause", *WHY, "--json").splitlines()[-1]  # the API in this process logs it
        stopped = json.loads(told)["results"]
        assert {each["what"] for each in stopped} == {"fleet", "new_trades"}
        assert "stopped: fleet" in run(api.url, "system", "show")
    finally:
        assert "everything runs" in run(api.url, "system", "resume")
    try:
        assert "stopped: new_trades" in run(api.url, "system", "kill", *WHY)
    finally:
        run(api.url, "system", "resume")


async def test_the_verdict_on_the_books_is_waited_for(services, api, run):
    assert "no verdict within 1 s" in run(api.url, "system", "reconcile", "--wait", "1", code=2), "there is no worker"
    assert await verdict(services, run, api.url) == "the books are in order\n"
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE accounts SET reserved = reserved + 1 WHERE id = 1")
    try:
        told = await verdict(services, run, api.url, code=None)
        assert "reserved_is_live_trades: 1 differences\n  1, " in told
        differing = json.loads((await verdict(services, run, api.url, "--json", code=None)).splitlines()[-1])
        assert list(differing["differences"]) == ["reserved_is_live_trades"]
        told = json.loads(direct(services, "reconcile", "--json", code=1))
        assert told["differences"] == differing["differences"]
        assert "books differ: reserved_is_live_trades" in run(api.url, "system", "show")
    finally:
        async with services.pool.connection() as connection:
            await connection.execute("UPDATE accounts SET reserved = reserved - 1 WHERE id = 1")
    assert await verdict(services, run, api.url) == "the books are in order\n"


async def test_the_last_backup_is_shown(services, api, run):
    assert "last backup" not in run(api.url, "system", "show")
    async with services.pool.connection() as connection:
        await last_backup.keep(connection, datetime(2026, 7, 1, 3, 20, tzinfo=UTC), 4711)
    assert re.search(r"last backup +2026-07-01 03:20", run(api.url, "system", "show"))


def direct(services, *arguments: str, code: int = 0) -> str:
    """What a command that needs no API tells on standard output."""
    environment = os.environ | services.settings.to_environment()
    done = subprocess.run([PAPERFLEET, *arguments], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout


async def verdict(services, run, url: str, *arguments: str, code: int | None = 0) -> str:
    """What the command tells, while a worker does what it is asked for."""
    asked = await services.redis.llen("tasks:maintenance")
    told = asyncio.create_task(asyncio.to_thread(run, url, "system", "reconcile", *arguments, code=code))

    async def is_asked():
        return await services.redis.llen("tasks:maintenance") > asked

    await wait_until(is_asked)
    await reconcile_books(services)
    return await told


async def test_the_doctor_comes_over_http(api, run):
    """No scheduler and no worker belong to this API, which is grave."""
    assert "WRONG  workers" in run(api.url, "system", "doctor", code=None)
    found = json.loads(run(api.url, "system", "doctor", "--json", code=None))
    levels = {each["check"]: each["level"] for each in found["findings"]}
    texts = {each["check"]: each["text"] for each in found["findings"]}
    assert texts["scheduler"] == "no tick in two intervals of cycle, sweep SPOT, sweep FUTURES"
    assert (found["worst"], levels["workers"], levels["exchange_spot"], levels["apis"]) == (
        "error",
        "error",
        "ok",
        "ok",
    )


async def test_what_is_put_aside_is_seen_and_mended(services, api, run):
    assert "every price is believed" in run(api.url, "system", "prices", "list")
    suspect = Suspect(1_800_000_000.0, Decimal(5), 1_800_000_060.0)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    price = "SPOT:BTCUSDT:1800000000"
    assert price in run(api.url, "system", "show")
    assert "2027-01-15 08:00:00" in run(api.url, "system", "prices", "list")
    shown = run(api.url, "system", "queues", "show")
    assert f"not believed {price} 2027-01-15 08:00:00 SPOT BTCUSDT" in shown
    assert "`paperfleet system prices believe KEY`" in shown
    assert json.loads(run(api.url, "system", "prices", "list", "--json"))["symbol"] == "BTCUSDT"
    assert price in run(api.url, "system", "prices", "believe", price)
    assert price in run(api.url, "system", "prices", "drop", price)
    assert "no_such_price" in run(api.url, "system", "prices", "drop", price, code=1)

    await die(services, "one", "two")
    shown = run(api.url, "system", "queues", "show")
    assert "ValueError: no" in shown
    assert "maintenance" in shown
    assert len(json.loads(run(api.url, "system", "queues", "show", "--json"))["dead_letters"]) == 2
    assert "on its way" in run(api.url, "system", "queues", "retry", "one")
    assert "forgotten" in run(api.url, "system", "queues", "drop", "two")
    assert "no_such_dead_letter" in run(api.url, "system", "queues", "retry", "two", code=1)
    assert "nothing is put aside" in run(api.url, "system", "queues", "clear")
    await services.redis.delete("tasks:fetch", "tasks:fetch.msgs")


async def test_the_queues_are_seen_and_mended_without_an_api_too(services, api, run):
    suspect = Suspect(1_800_000_000.0, Decimal(5), 1_800_000_060.0)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    await die(services, "one", "two")

    def queues(*arguments: str, code: int = 0) -> str:
        command = [PAPERFLEET, "queues", *arguments]
        environment = os.environ | services.settings.to_environment()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    shown = queues()
    assert "not believed SPOT:BTCUSDT:1800000000" in shown
    assert "`paperfleet system prices believe KEY`" in shown
    assert _ageless(queues("--json")) == _ageless(run(api.url, "system", "queues", "show", "--json"))
    (left,) = json.loads(queues("--drop", "one", "--json"))["dead_letters"]
    assert left["id"] == "two"
    assert "there is no dead letter one" in queues("--retry", "one", code=1)
    price = "SPOT:BTCUSDT:1800000000"
    assert f"not believed {price}" in queues("--believe-price", price), "until the exchange tells it next"
    known = await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    assert suspect.seen - known.seen > 60, "the next answer counts as the second"
    assert "not believed" not in queues("--drop-price", price)
    for option in ("--believe-price", "--drop-price"):
        assert f"no price {price} is in quarantine" in queues(option, price, code=1)
    assert json.loads(queues("--retry", "two", "--json"))["dead_letters"] == []
    assert await services.redis.lrange("tasks:fetch", 0, -1) == [b"two"]
    await services.redis.delete("tasks:fetch", "tasks:fetch.msgs")
    await services.redis.lpush("tasks:__quarantine__", msgspec.msgpack.encode(PUT_ASIDE))
    assert "put aside three 2027-01-15 08:00:00 fetch: cannot be read" in queues()
    assert "put aside" not in queues("--clear-quarantine")


def _timeless(pairs: list[dict]) -> list[tuple[str, str, str]]:
    """Lags, but for how long they are: a moment later they are longer."""
    return sorted((each["market_type"], each["symbol"], each["reason"]) for each in pairs)


def _ageless(told: str) -> dict:
    """Queues as JSON, but for how long their messages wait: a moment later it is longer."""
    found = json.loads(told)
    return found | {"depths": [each | {"oldest_seconds": None} for each in found["depths"]]}


async def test_who_changed_what_and_what_was_struck_out(api, run, order):
    with Client(api.url) as client:
        trade = client.trades.open(**order, source="struck out")
        client.trades.close(trade)
    assert "VOIDED" in run(api.url, "system", "void", str(trade.id), *WHY)
    assert "the feed looks wrong" in run(api.url, "system", "voids")
    made = json.loads(run(api.url, "accounts", "create", f"changed {next(numbers)}", "--json"))
    run(api.url, "accounts", "edit", str(made["id"]), "--max-open-trades", "900")
    (changed,) = run(api.url, "system", "audit", "--subject", "accounts", "-n", "1", "--json").splitlines()
    assert json.loads(changed)["subject_id"] == str(made["id"])
    told = run(api.url, "system", "audit", "--subject", "accounts", "-n", "1")
    assert "max_open_trades" in told
    assert told.count("\n") == 2


async def test_terms_and_mode_of_an_account(api, run):
    made = json.loads(run(api.url, "accounts", "create", f"terms {next(numbers)}", "--json"))
    account = str(made["id"])
    edited = run(api.url, "accounts", "edit", account, "--max-open-trades", "7", "--fill-model", "harsh", "--json")
    assert (json.loads(edited)["max_open_trades"], json.loads(edited)["fill_model"]) == (7, "harsh")
    edited = json.loads(run(api.url, "accounts", "edit", account, "--max-open-trades", "none", "--json"))
    assert edited["max_open_trades"] is None
    assert "give at least one" in run(api.url, "accounts", "edit", account, code=2)
    assert "a whole number or none" in run(api.url, "accounts", "edit", account, "--max-leverage", "much", code=2)
    assert "PAPER" in run(api.url, "accounts", "mode", account)
    assert "PAPER" in run(api.url, "accounts", "paper", account)


async def test_an_export_is_a_file_or_goes_on_by_a_pipe(api, run, order, tmp_path):
    source = f"exported {next(numbers)}"
    with Client(api.url) as client:
        made = [client.trades.open(**order, source=source).id for _ in range(2)]
        file = tmp_path / "trades.csv"
        assert run(api.url, "trades", "export", str(file), "--source", source) == ""
        with file.open(newline="") as told:
            assert [int(row["id"]) for row in csv.DictReader(told)] == made[::-1]
        assert len(run(api.url, "trades", "export", "--source", source, "--status", "OPEN").splitlines()) == 3
        refused = tmp_path / "refused.csv"
        assert "status must be of" in run(api.url, "trades", "export", str(refused), "--status", "NONSENSE", code=1)
        assert list(tmp_path.iterdir()) == [file], "a file that is not whole is none"
        for each in made:
            client.trades.close(each)


async def test_signals_of_a_file_are_traded_and_have_a_scorecard(api, run, tmp_path):
    source = f"by file {next(numbers)}"
    file = tmp_path / "signals.csv"
    file.write_text("symbol,side,sl,tp1\nBTCUSDT,buy,2%,4%\n")
    assert "stored" in run(api.url, "signals", "import", str(file), "--source", source)
    file.write_text("symbol,side,sl,tp1\nBTCUSDT,sideways,2%,4%\n")
    told = run(api.url, "signals", "import", str(file), "--source", source, code=1)
    assert told == "", "what is wrong with its rows is told as the report, on standard output"
    listed = run(api.url, "signals", "list", "--symbol", "BTCUSDT", "-n", "1", "--status", "ACTIVE", "--json")
    trade = json.loads(run(api.url, "signals", "trade", str(json.loads(listed)["id"]), "--size", "50", "--json"))
    assert Decimal(trade["position_size"]) == 50
    with Client(api.url) as client:
        client.trades.close(trade["id"])
    assert source in run(api.url, "sources", "list", "-n", "200")
    assert source in run(api.url, "performance", "scorecards")
    assert "win_rate 95 %" in run(api.url, "performance", "scorecard", source)
    assert "BTCUSDT" in run(api.url, "performance", "scorecard", source, "--by", "symbol")
    assert "there is no source" in run(api.url, "performance", "scorecard", "nobody's", code=2)


async def test_lag_tells_what_the_database_knows_where_the_exchange_is_out_of_reach(services, api, run):
    now = {market: await services.clock.now(market) for market in Market}
    async with services.pool.connection() as connection:  # this folder's market may have begun minutes ago
        await connection.execute(
            """UPDATE watermarks SET judged_to =
                   date_trunc('minute', CASE i.market WHEN 'SPOT' THEN %s ELSE %s END::timestamptz)
               FROM instruments i WHERE i.id = instrument_id""",
            [now[Market.SPOT], now[Market.FUTURES]],
        )
    assert "in_time" in run(api.url, "system", "lag", "-n", "3")
    whole = [json.loads(line) for line in run(api.url, "system", "lag", "-n", "1000", "--json").splitlines()]
    alone = [json.loads(line) for line in direct(services, "lag", "-n", "1000", "--json").splitlines()]
    assert len(whole) > 400, "every pair, in one answer"
    assert _timeless(alone) == _timeless(whole)
    away = msgspec.structs.replace(services.settings, spot_url="http://127.0.0.1:9")
    with serving(away) as running, Client(running.url) as client:
        found = list(client.system.lag(limit=2))
        assert [each.market_type for each in found] == ["SPOT", "SPOT", "FUTURES", "FUTURES"]
        assert [(each.seconds is None, each.reason) for each in found[:3:2]] == [(True, "clock"), (False, "in_time")]
        assert "does not tell its SPOT time" in run(running.url, "system", "lag")
    environment = os.environ | away.to_environment()
    done = subprocess.run([PAPERFLEET, "lag"], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "clock" in done.stdout
    assert "the exchange's clock is out of reach (SPOT)" in done.stderr
    async with build(away) as there:
        lag = next(each for each in await examine_fleet(there, {}) if each.check == "lag")
    assert (lag.level, "SPOT" in lag.text) == (Level.WARNING, True)
