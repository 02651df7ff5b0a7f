"""Every command and program of docs/client.md runs, with trades, prices and addresses that there are."""

import asyncio
import io
import re
import shlex
import sys
import textwrap
from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec
import pytest

from paperfleet.cli import main
from paperfleet.client import AsyncClient, Client
from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.domain.credentials import Role
from services.domain.market import Market
from services.usecases.context import Services
from services.usecases.manage_users import create_user
from tests.api.running import Api, exchange, market, order, serving, settings_of_test
from tests.docs.blocks import ROOT, blocks
from tests.hooks.receiver import Receiver, receiving

PAGE = ROOT / "docs/client.md"
PYTHON = [block.body for block in blocks(PAGE, "python")]
SECONDS = 30
"""What a stream is watched for at most: it has no end of its own."""
ASKED, LOOKED_AT = (block.body.splitlines() for block in blocks(PAGE))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def urls():
    with exchange() as found:
        yield found


@pytest.fixture
async def desk(urls, database_url, redis_url, monkeypatch):
    """A served API with a market, and an endpoint that takes everything."""
    settings = msgspec.structs.replace(
        settings_of_test(database_url, redis_url, urls),
        quote_max_age_seconds=Decimal(3600),
        hooks_networks="127.0.0.0/8",
        notify_services="json",
    )
    async with market(settings) as services, receiving() as receiver:
        with serving(settings) as api:
            monkeypatch.setenv("PAPERFLEET_URL", api.url)
            yield services, api, receiver
            await api.http.aclose()


async def values(services: Services, api: Api, receiver: Receiver) -> Callable[[str], str]:
    """Makes what the page takes for given; what puts it into a line."""
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    wish = order("FUTURES", "BTCUSDT", price, position_size="1000")
    opened = await api.http.post("/api/paper-trades/", json=wish)
    assert opened.is_success, opened.text
    trade = opened.json()["id"]
    said = {"market_type": "SPOT", "symbol": "BTCUSDT", "direction": "LONG", "source": "my ideas"}
    said |= {"stop_loss_percent": "2", "take_profit_percent": "4"}
    signal = (await api.http.post("/api/signals/", json=said)).json()["id"]
    await create_user(services, "ben", "correct horse battery", Role.USER)
    suspect = Suspect(1_800_000_000, price * 9, 1_800_000_000)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    low, high, near = (str(round(price * share)) for share in (Decimal("0.9"), Decimal("1.1"), Decimal("0.95")))
    put = {
        r"\b(edit|close) 7\b": rf"\1 {trade}",
        r"\btrade 12\b": f"trade {signal}",
        r"\b59000-60000\b": f"{low}-{near}",
        r"\b58000\b": low,
        r"\b59000\b": near,
        r"\b66000\b": high,
        r"\bkeys revoke 3\b": "keys revoke 1",
        r"https://executor\.example\.org/in": receiver.url,
    }

    def fill(text: str) -> str:
        for pattern, value in put.items():
            text = re.sub(pattern, value, text)
        return text

    return fill


def run(words: list[str], given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command, in this process."""
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code, (words, capsys.readouterr())


async def test_every_command_runs(desk, tmp_path, monkeypatch, capsys):
    services, api, receiver = desk
    fill = await values(services, api, receiver)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "signals.csv").write_text("symbol,side,sl,tp1\nBTCUSDT,long,2%,4%\n")
    for line in [*ASKED, *LOOKED_AT]:
        words, _, file = fill(line).partition(" < ")
        command = shlex.split(words.partition(" || ")[0], comments=True)
        if command[1] == "tail":
            await tailed(command, api, services)
        elif command[1:3] != ["system", "doctor"]:
            given = receiver.url.replace("http://", "json://") if file == "telegram" else ""
            await asyncio.to_thread(run, command, given, monkeypatch, capsys)
        else:
            await asyncio.to_thread(doctor, command, monkeypatch)
    assert len(ASKED) > 25
    assert (tmp_path / "closed.csv").exists()


def doctor(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, 1, 2), "there is no fleet beside this API"


async def tailed(command: list[str], api: Api, services: Services) -> None:
    """It has no end: what it is to tell of happens until it has told of it."""
    program = [sys.executable, "-c", "from paperfleet.cli import main; main()", *command[1:]]
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        telling = asyncio.create_task(process.stdout.readline())
        await happening(telling, api, services)
        assert telling.result()
    finally:
        process.kill()
        await process.wait()


async def happening(until: asyncio.Task[object], api: Api, services: Services) -> None:
    """Trades are opened until something is done."""
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    async with asyncio.timeout(4 * SECONDS):
        while not until.done():
            (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).raise_for_status()
            await asyncio.wait([until], timeout=0.5)


async def test_the_program_that_blocks(desk):
    services, api, receiver = desk
    fill = await values(services, api, receiver)
    await asyncio.to_thread(exec, fill(PYTHON[0]), {})
    with Client(api.url) as client:
        assert [str(each.stop_loss) for each in await asyncio.to_thread(list, client.trades.list(limit=1))]


async def test_the_program_that_awaits(desk):
    """Its last loop has no end: it is watched until it has seen an event."""
    services, api, _ = desk
    price = (await services.prices.one(Market.FUTURES, "BTCUSDT")).last
    made = (await api.http.post("/api/paper-trades/", json=order("FUTURES", "BTCUSDT", price))).json()["id"]
    text = PYTHON[1].replace("read(7)", f"read({made})")
    ended = re.sub(r"(async for event in .*\n\s+)\.\.\.", r"\1return event", text)
    assert ended != text
    names: dict[str, Callable[[], Awaitable[object]]] = {}
    exec(f"async def program():\n{textwrap.indent(ended, '    ')}", {"AsyncClient": AsyncClient}, names)
    seeing = asyncio.create_task(names["program"]())  # type: ignore[arg-type]
    await happening(seeing, api, services)
    assert seeing.result()
