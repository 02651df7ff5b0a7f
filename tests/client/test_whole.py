"""What the client reaches beside trades: outlets, modes, links, sources, imports, files, users, the operator's word."""

import csv
from datetime import time
from decimal import Decimal
from itertools import count

import pytest

from paperfleet.client import Client, Conflict, Invalid, NotFound, Unreachable
from paperfleet.client.answers.outlet import QuietHours, Rule
from services.coordination import quarantine
from services.coordination.quarantine import Suspect
from services.domain.credentials import Role
from services.domain.market import Market
from services.usecases.maintain import reconcile_books
from services.usecases.manage_users import create_user
from tests.api.running import serving
from tests.client.line import Line
from tests.hooks.receiver import receiving

pytestmark = pytest.mark.asyncio(loop_scope="package")
WHY = "the market data looks wrong"
numbers = count()


def fresh(name):
    """A name that nothing has yet."""
    return f"{name} {next(numbers)}"


async def test_webhooks(ask, order):
    await ask("trades.close", (await ask("trades.open", **order)).id)
    night = QuietHours(start=time(22), end=time(7), time_zone="Europe/Berlin")
    async with receiving() as receiver:
        made = await ask("webhooks.create", url=receiver.url, rules=[Rule(events=("closed",), minimum_loss=Decimal(5))])
        id_ = made.webhook.id
        assert made.secret.startswith("whsec_")
        assert made.webhook.rules[0].minimum_loss == 5
        assert (await ask("webhooks.verify", id_)).verified_at is not None
        assert (await ask("webhooks.test", id_)).delivered
        assert [body["type"] for body in receiver.bodies] == ["webhook.verify", "webhook.test"]
        assert (await ask("webhooks.edit", id_, quiet_hours=night, description="at night")).quiet_hours.end.hour == 7
        assert (await ask("webhooks.edit", id_, quiet_hours=None)).quiet_hours is None
        assert (await ask("webhooks.edit", id_, rules=[])).rules == ()
        assert (await ask("webhooks.rotate", id_)).secret != made.secret
    assert (await ask("webhooks.read", id_)).two_signatures_until is not None
    assert not (await ask("webhooks.test", id_)).delivered, "nobody is there any more"
    assert id_ in [each.id for each in await ask("webhooks.list")]
    await _again_and_forgotten(ask, "webhooks", id_)


async def test_notifications(ask, order):
    await ask("trades.close", (await ask("trades.open", **order)).id)
    async with receiving() as receiver:
        made = await ask("notifications.create", url=receiver.url.replace("http:", "json:"), description="my phone")
        assert (await ask("notifications.test", made.id)).delivered
    assert (await ask("notifications.edit", made.id, enabled=False)).enabled is False
    assert (await ask("notifications.edit", made.id, enabled=True)).service
    assert (await ask("notifications.read", made.id)).description == "my phone"
    assert made.id in [each.id for each in await ask("notifications.list")]
    await _again_and_forgotten(ask, "notifications", made.id)


async def _again_and_forgotten(ask, part, id_):
    """What happened before the outlet was made is sent on demand, and forgotten before anybody has sent it."""
    replayed = (await ask(f"{part}.replay", id_, stream="a1", from_sequence=1, to_sequence=100)).deliveries
    waiting = await ask(f"{part}.deliveries", id_, state="waiting")
    assert len(waiting) == replayed >= 1
    assert {each.stream for each in waiting} == {"a1"}
    assert (await ask(f"{part}.drop", id_, delivery_ids=[each.id for each in waiting])).deliveries == replayed
    assert (await ask(f"{part}.drop", id_, all_dead=True)).deliveries == 0
    assert await ask(f"{part}.deliveries", id_) == []
    assert await ask(f"{part}.delete", id_) is None
    with pytest.raises(NotFound):
        await ask(f"{part}.read", id_)


async def test_live_takes_a_verified_webhook_a_token_and_the_phrase_and_paper_takes_nothing(ask):
    account = (await ask("accounts.create", fresh("live"))).id
    assert (await ask("mode.read", account)).live_allowed
    async with receiving() as receiver:
        webhook = (await ask("webhooks.create", url=receiver.url)).webhook.id
        with pytest.raises(Conflict, match="webhook_not_verified"):
            await ask("mode.ask_live", account, webhook_id=webhook)
        await ask("webhooks.verify", webhook)
        question = await ask("mode.ask_live", account, webhook_id=webhook)
        answer = {"webhook_id": webhook, "token": question.token}
        with pytest.raises(Invalid, match="phrase_differs"):
            await ask("mode.go_live", account, **answer, phrase="yes")
        live = await ask("mode.go_live", account, **answer, phrase=question.phrase, hours=1)
    assert (live.mode, live.webhook_id, live.changes[0].mode) == ("live", webhook, "live")
    assert (await ask("mode.go_paper", account)).mode == "paper"
    await ask("webhooks.delete", webhook)


async def test_a_public_link_shows_figures_to_anybody_until_it_is_revoked(ask, api):
    account = (await ask("accounts.create", fresh("shared"))).id
    made = await ask("links.create", account, "for the newsletter", days=30)
    with Client(api.url) as anybody:
        assert anybody.links.shared(made.token, days=7).performance.total_trades == 0
        await ask("links.revoke", account, made.id)
        with pytest.raises(NotFound):
            anybody.links.shared(made.token)
    assert [each.revoked_at is not None for each in await ask("links.list", account)] == [True]


async def test_sources_from_the_first_alert_to_the_scorecard(ask):
    name = fresh("alerts")
    made = await ask("sources.create", name=name, stop_loss_percent="2", take_profit_percent="4", follow=False)
    assert (await ask("sources.edit", made.id, leverage_max=5)).leverage_max == 5
    assert (await ask("sources.edit", made.id, leverage_max=None)).leverage_max is None
    followed = await ask("sources.follow", made.id, risk_percent="1", account_id=1)
    assert [each.overrides.risk_percent for each in followed.follows] == [1]
    secret = await ask("sources.rotate_secret", made.id)
    assert secret.path.endswith(f"{secret.secret}/")
    received = await ask("sources.alert", secret.secret, {"symbol": "BTCUSDT", "side": "buy"})
    assert (await ask("signals.read", received.signal_id)).source == name
    again = await ask("sources.alert", secret.secret, "symbol=BTCUSDT.P side=sell")
    assert again.signal_id > received.signal_id
    with pytest.raises(Invalid) as wrong:
        await ask("sources.alert", secret.secret, "symbol=BTCUSDT side=sideways")
    assert wrong.value.numbers["signal_id"]
    assert sum((await ask("sources.statistics", made.id)).signals.values()) == 3
    assert (await ask("sources.scorecard", made.id, group_by="strategy", seed=3)).total.total_trades == 0
    assert isinstance(await ask("sources.scorecards"), list)
    assert await ask("sources.unfollow", made.id) is None
    assert (await ask("sources.read", made.id)).follows == ()


async def test_signals_of_a_file(ask):
    file = b"symbol,side,sl,tp1,key\nBTCUSDT,buy,2%,4%,a\nBTCUSDT,sideways,2%,4%,b\n"
    report = await ask("signals.import_csv", file, source=fresh("a file"))
    assert (report.total, report.rejected) == (2, 1)
    assert [each.line for each in report.rows if each.code != "repeated"] == [3]


async def test_a_large_file_has_longer_than_other_requests(services):
    """An API that gives up after a twentieth of a second works through a file for longer."""
    rows = "".join(f"BTCUSDT,buy,2%,{number}%\n" for number in range(4, 3004))
    with serving(services.settings, request_seconds=0.05) as running, Client(running.url) as client:
        report = client.signals.import_csv(f"symbol,side,sl,tp1\n{rows}".encode(), source=fresh("a large file"))
    assert report.total == 3000


async def test_an_export_is_the_lines_of_a_file_and_one_that_breaks_off_is_no_file(ask, api, order):
    source, notes = fresh("exported"), 'a "note",\n\u2028 and all that is hard on lines'
    made = [(await ask("trades.open", **order, source=source, notes=notes)).id for _ in range(3)]
    lines = await ask("trades.export", source=source, status=["OPEN"])
    assert [int(row["id"]) for row in csv.DictReader(lines)] == made[::-1]
    assert {row["notes"] for row in csv.DictReader(lines)} == {notes}
    with Line(api.url, cut_after=1000) as line, pytest.raises(Unreachable):
        list(Client(line.url).trades.export(source=source))
    with pytest.raises(Invalid):
        await ask("trades.export", status=["NONSENSE"])
    for each in made:
        await ask("trades.close", each)
    struck = await ask("trades.void", made[0], WHY)
    assert (struck.status, struck.void_reason) == ("VOIDED", WHY)
    assert (await ask("system.voids"))[0].trade_id == made[0]


async def test_users_and_who_one_is(ask, services):
    me = await ask("session.read")
    assert (me.login, me.role, me.via) == ("local", "admin", "local")
    assert 1 in me.account_ids
    invited = await ask("users.invite", hours=48, note="Ada, from the desk")
    assert invited.token
    assert invited.id in [each.id for each in await ask("users.invitations")]
    await ask("users.withdraw", invited.id)
    (withdrawn,) = [each for each in await ask("users.invitations") if each.id == invited.id]
    assert withdrawn.revoked_at is not None
    id_ = await create_user(services, fresh("ada").replace(" ", ""), "correct horse battery", Role.USER)
    assert (await ask("users.edit", id_, disabled=True)).disabled_at is not None
    assert (await ask("users.edit", id_, disabled=False, role="user")).role == "user"
    assert (await ask("users.read", id_)).disabled_at is None
    assert id_ in [each.id for each in await ask("users.list", limit=1)]
    assert {each.subject for each in await ask("system.audit", subject="users")} == {"users"}


async def test_the_operators_word(ask, services, order):
    assert (await ask("system.halts")).results == ()
    try:
        (halt,) = (await ask("system.halt", "new_trades", WHY)).results
        assert (halt.what, halt.reason) == ("new_trades", WHY)
        with pytest.raises(Conflict, match="new_trades_halted"):
            await ask("trades.open", **order)
        assert (await ask("system.resume", "new_trades")).results == ()
        assert [each.what for each in (await ask("system.kill", WHY)).results] == ["new_trades"]
    finally:
        await ask("system.resume", "new_trades")
    asked = await ask("system.reconcile")
    assert asked.asked_for == "reconcile_books"
    await reconcile_books(services)
    books = await ask("system.books")
    assert (books.reconciled_at >= asked.asked_at, books.differences) == (True, {})
    suspect = Suspect(1_800_000_000.0, Decimal(5), 1_800_000_060.0)
    await quarantine.first_seen(services.redis, Market.SPOT, "BTCUSDT", suspect)
    queues = await ask("system.queues")
    (key,) = queues.quarantined_prices
    assert "maintenance" in [each.queue for each in queues.depths]
    assert await ask("system.believe_price", key) is None
    assert await ask("system.drop_price", key) is None
    assert await ask("system.clear_messages") is None
    for method, name in (("drop_price", key), ("believe_price", key), ("retry_letter", "x"), ("drop_letter", "x")):
        with pytest.raises(NotFound):
            await ask(f"system.{method}", name)
    lag = await ask("system.lag", limit=2)
    assert sorted(each.market_type for each in lag) == ["FUTURES", "FUTURES", "SPOT", "SPOT"]
    assert all(each.seconds is not None for each in lag)
    assert len(await ask("market.day")) > 500
