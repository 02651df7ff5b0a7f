"""Both clients do the same by one description: open, page, edit, close, keys; refusals are typed errors."""

import subprocess
import sys
from decimal import Decimal

import pytest

from paperfleet.client import AsyncClient, Client, Conflict, Invalid, NotFound, Unreachable
from tests.client.asking import Awaited
from tests.client.line import Line

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_trade_from_opening_to_close(ask, order):
    preview = await ask("trades.preview", **order)
    assert preview.symbol_detail.quote_asset == "USDT"
    key = f"the same of {type(ask.client).__name__}"
    made = await ask("trades.open", **order, idempotency_key=key)
    again = await ask("trades.open", **order, idempotency_key=key)
    assert again.id == made.id
    read = await ask("trades.read", made.id)
    assert (read.status, read.stop_loss) == ("OPEN", made.stop_loss)
    assert read.unrealized_profit_loss is not None
    moved = await ask("trades.edit", read, stop_loss=read.stop_loss + 1)
    assert moved.is_applied
    assert moved.trade.version > read.version
    with pytest.raises(Conflict) as lost:
        await ask("trades.edit", read, stop_loss=read.stop_loss + 2)
    assert lost.value.numbers["version"] == str(moved.trade.version)
    assert [each.stop_loss for each in await ask("trades.revisions", made)][-1] == read.stop_loss + 1
    assert (await ask("trades.note", moved.trade, "as planned")).notes == "as planned"
    with pytest.raises(Conflict):
        await ask("trades.note", moved.trade, "too late")
    assert (await ask("trades.note", made.id, "by id")).notes == "by id"
    part = await ask("trades.close", made.id, fraction="0.5")
    assert part.trade.remaining_quantity < made.quantity
    closed = (await ask("trades.close", made.id)).trade
    assert closed.status == "CLOSED_MANUAL"
    assert isinstance(closed.profit_loss, Decimal)
    with pytest.raises(Conflict):
        await ask("trades.close", made.id)
    figures = await ask("performance.summary", group_by="symbol")
    assert figures.total_trades == sum(group.total_trades for group in figures.groups) > 0
    await ask("trades.open", **order, idempotency_key=f"another {made.id}")
    account = (await ask("accounts.list"))[0]
    assert account.balance == account.reserved + account.free


async def test_every_opening_has_a_key_of_its_own(ask, order):
    first, second = await ask("trades.open", **order), await ask("trades.open", **order)
    assert first.id != second.id
    for each in (first, second):
        await ask("trades.close", each)


async def test_lists_go_over_all_pages(ask, order):
    made = [(await ask("trades.open", **order, source="pages")).id for _ in range(5)]
    listed = [each.id for each in await ask("trades.list", source="pages", limit=2)]
    assert listed[:5] == made[::-1]
    assert len(listed) == len(set(listed))
    assert (await ask("trades.list", source="pages", status=["CANCELLED", "CLOSED_TP"])) == []
    instruments = await ask("market.instruments", market_type="SPOT", limit=200)
    assert len(instruments) > 200
    for id_ in made:
        await ask("trades.close", id_)


async def test_refusals_are_errors_that_say_what_and_where(ask, order):
    with pytest.raises(Invalid) as wrong:
        await ask("trades.open", **order | {"stop_loss": order["take_profit"]})
    assert (wrong.value.code, wrong.value.field, wrong.value.status) == ("stop_misplaced", "stop_loss", 422)
    assert wrong.value.numbers["stop_loss"]
    with pytest.raises(Invalid) as unlisted:
        await ask("trades.open", **order, source="two\nlines, which no list could be asked for")
    assert (unlisted.value.code, unlisted.value.field) == ("bad_text", "source")
    with pytest.raises(NotFound, match="no_such_trade"):
        await ask("trades.read", 987654321)


async def test_signals_keys_accounts_and_the_rest(ask, order):
    signal = {name: order[name] for name in ("market_type", "symbol", "direction")}
    dry = await ask("signals.dry_run", **signal, stop_loss_percent="2", take_profit_percent="4", source="by client")
    assert [each.outcome for each in dry.accounts] == ["accepted"]
    said = await ask("signals.say", **signal, stop_loss_percent="2", take_profit_percent="4", source="by client")
    assert (await ask("signals.read", said.id)).source == "by client"
    assert said.id in {each.id for each in await ask("signals.list", symbol="BTCUSDT")}
    assert "by client" in {each.name for each in await ask("sources.list")}
    made = await ask("keys.create", "a program", scopes=["read"])
    assert made.key.startswith("pt_live_")
    new = await ask("keys.rotate", made.id, overlap_hours=0)
    assert await ask("keys.revoke", new.id) is None
    assert next(each for each in await ask("keys.list") if each.id == new.id).revoked_at is not None
    holdings = await ask("accounts.create", f"second {new.id}", starting_balance="500")
    assert (await ask("accounts.deposit", holdings.id, "5")).balance == 505
    assert (await ask("accounts.reset", holdings.id, balance="100")).balance == 100
    assert (await ask("accounts.edit", holdings.id, max_leverage=3)).max_leverage == 3
    assert [each.amount for each in await ask("accounts.ledger", holdings.id)] == [-405, 5, 500]
    assert (await ask("performance.equity", account_id=holdings.id)).account_id == holdings.id
    assert (await ask("market.candles", "SPOT", "BTCUSDT", "1m", limit=3)).candles
    assert [each.symbol for each in await ask("market.prices", market_type="SPOT", symbols=["BTCUSDT"])] == ["BTCUSDT"]
    assert (await ask("system.read")).pairs > 0


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_what_may_be_repeated_is_asked_again_where_a_line_breaks(api, order, kind):
    """The answer to the opening is lost on its way; asked again with its key, it opens nothing more."""
    source = f"lost by {kind.__name__}"
    with Line(api.url, cut_after=40, cut_times=1) as line, Client(api.url) as direct:
        made = await Awaited(kind(line.url))("trades.open", **order, source=source)
        assert line.opened == 2
        assert [each.id for each in direct.trades.list(source=source)] == [made.id]
        direct.trades.close(made)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_what_is_gone_by_a_request_whose_answer_was_lost_is_gone(api, kind):
    with Client(api.url) as direct:
        source = direct.sources.create(name=f"left by {kind.__name__}")
        hook = direct.webhooks.create(url="https://example.org/gone").webhook
        with Line(api.url, cut_after=1, cut_times=1) as line:
            assert await Awaited(kind(line.url))("webhooks.delete", hook.id) is None
            assert line.opened == 2
        with Line(api.url, cut_after=1, cut_times=1) as line:
            assert await Awaited(kind(line.url))("sources.unfollow", source.id) is None
            assert line.opened == 2
        with pytest.raises(NotFound):
            direct.webhooks.delete(hook.id)


async def test_nothing_that_answers_is_told_with_its_address():
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:1"):
        Client("http://127.0.0.1:1", retries=0).trades.read(1)
    with pytest.raises(ValueError, match="PAPERFLEET_URL must be an http or https address"):
        Client("localhost:8000")


async def test_importing_it_brings_nothing_of_the_server():
    script = (
        "import sys, paperfleet.client\n"
        "found = {'services', 'api', 'workers', 'deploy', 'litestar', 'psycopg', 'redis', 'dramatiq', 'typer'}\n"
        "print(sorted(found & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
