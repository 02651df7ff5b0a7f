"""Notifications: worth reading, never showing a token, never reaching inside, quiet when asked to be."""

import socket
from datetime import UTC, datetime, time
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.outlets import QuietHours
from services.hooks.addresses import Forbidden, Policy
from services.hooks.notifier import Notifier
from services.hooks.thread_guard import guarded
from services.usecases.notices import Notice, digest, notice
from tests.hooks.desk import CLOSED, happens, later, query, serve, trade
from tests.hooks.receiver import Reply, receiving

URL = "/api/notifications/"
HOSTILE = {
    "json://127.0.0.1/x": "not among those",
    "file:///etc/passwd": "not among those",
    "syslog://": "not among those",
    "xml://localhost": "not among those",
    "nonsense": "not among those",
    "": "not among those",
    "discord://": "complete",
    "discord://id/token?template=/etc/passwd": "parameters",
    "discord://id/token?Template=/etc/passwd": "parameters",
    "discord://id/token?verify=no": "parameters",
    "discord://id/token?rto=99999": "parameters",
    "discord://id/token?retry=99": "parameters",
    "mailtos://u:p@gmail.com?+X-Header=1": "parameters",
    "mailtos://u:p@gmail.com?pgpkey=/etc/key": "parameters",
    "jsons://fapi.binance.com/x": "exchange",
    "JSONS://API.Binance.COM.:8443/x": "exchange",
    "jsons://u:p@data-api.binance.vision/x": "exchange",
    "ntfys://api.binance.com/topic": "exchange",
    "gotifys://fapi.binance.com/token": "exchange",
    "mailtos://u:p@gmail.com?smtp=API.binance.com:443&to=a@gmail.com": "exchange",
    "discord://id/token x": "printable",
    "discord://id/" + "a" * 2000: "at most",
}


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_target_is_refused_for_its_reason(url):
    notifier = Notifier(Policy(), ["discord", "tgram", "mailtos", "jsons", "ntfys", "gotifys"])
    with pytest.raises(Forbidden) as refusal:
        await notifier.check(url)
    assert HOSTILE[url] in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        *("discord://webhook_id/webhook_token?avatar=no", "tgram://123456789:abcdefg_hijklmnop/12315544"),
        *("mailtos://user:pass@gmail.com?to=somebody@gmail.com", "ntfys://topic?priority=high"),
        *("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c", "gotifys://gotify.paperfleet.dev/token"),
    ],
)
async def test_ordinary_targets_pass(url):
    notifier = Notifier(Policy(), ["discord", "tgram", "mailtos", "ntfys", "slack", "gotifys"])
    await notifier.check(url)


async def test_connections_of_the_service_are_judged(receiver):
    """The name is judged where the socket is opened, also behind a redirect."""
    url = receiver.url.replace("http://", "json://")
    strict, open_ = Notifier(Policy(), ["json"]), Notifier(Policy((ip_network("127.0.0.1/32"),)), ["json"])
    assert "loopback" in (await strict.send(url, "t", "b")).error
    assert "loopback" in (await strict.send(url.replace("127.0.0.1", "localhost"), "t", "b")).error
    assert receiver.requests == []
    assert (await open_.send(url, "t", "b")).is_success
    for place, reason in (("http://127.0.0.2:9/x", "loopback"), ("https://api.binance.com/x", "exchange")):
        receiver.reply = lambda _, place=place: Reply(302, headers={"Location": place})
        assert reason in (await open_.send(url, "t", "b")).error


def test_only_the_guarded_thread_is_judged():
    with guarded(Policy()):
        with pytest.raises(Forbidden):
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        with pytest.raises(Forbidden, match="port 22"):
            socket.create_connection(("93.184.215.14", 22), timeout=1)
    with guarded(Policy((ip_network("0.0.0.0/0"),))):
        for host in ("api.binance.com", "FAPI.Binance.com.", "api.binance。com", b"data-api.binance.vision"):
            with pytest.raises(Forbidden, match="exchange"):
                socket.create_connection((host, 443), timeout=1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


async def test_a_service_that_does_not_answer_is_left(receiver):
    receiver.reply = lambda _: Reply(delay=5)
    notifier = Notifier(Policy((ip_network("127.0.0.1/32"),)), ["json"], send_seconds=0.3)
    answer = await notifier.send(receiver.url.replace("http://", "json://"), "t", "b")
    assert (answer.is_success, answer.error) == (False, "no answer within 0.3 s")


async def test_targets_tell_of_what_their_rules_want_and_never_show_their_url(api, services, receiver):
    url = receiver.url.replace("http://", "json://")
    rules = [{"events": ["closed"], "minimum_profit": "10"}]
    answer = await api.http.post(URL, json={"url": url, "description": "phone", "rules": rules})
    assert (answer.status_code, answer.json()["service"]) == (201, "json://***")
    one = f"{URL}{answer.json()['id']}/"
    for shown in (answer, await api.http.get(URL), await api.http.get(one)):
        assert "hook" not in shown.text
        assert "127.0.0.1" not in shown.text
    await happens(services, "opened")
    await happens(services, "closed", **CLOSED)
    await serve(services)
    (told,) = receiver.bodies
    assert told["title"] == "WIN BTCUSDT perp LONG 5x: +14.50 USDT (+14.50 % of margin)"
    assert "take profit at 65,920, in at 64,000, after 3 h 12 min" in told["message"]
    (sent,) = (await api.http.get(f"{one}deliveries/")).json()["results"]
    assert (sent["state"], sent["type"]) == ("delivered", "paper_trade.closed")
    assert (await api.http.post(f"{one}test/")).json()["delivered"] is True
    assert receiver.bodies[-1]["title"] == "paperfleet: a test"
    refused = await api.http.patch(one, json={"url": "file:///etc/passwd"})
    assert (refused.status_code, refused.json()["code"]) == (422, "url_not_allowed")
    assert (await api.http.delete(one)).status_code == 204


async def test_a_failing_service_gets_everything_later_in_few_messages(api, services, receiver):
    await api.http.post(URL, json={"url": receiver.url.replace("http://", "json://")})
    receiver.reply = lambda _: Reply(500)
    for _ in range(14):
        await happens(services)
    await serve(services)
    assert len(receiver.requests) == 1
    receiver.reply = lambda _: Reply()
    await later(services)
    await serve(services)
    titles = [body["title"] for body in receiver.bodies[1:]]
    assert titles == ["paperfleet: 10 messages", "paperfleet: 4 messages"]


async def test_quiet_hours_hold_messages_until_they_end(api, services, receiver):
    quiet = {"start": "00:00:00", "end": "23:59:59.999999", "time_zone": "UTC"}
    url = receiver.url.replace("http://", "json://")
    made = (await api.http.post(URL, json={"url": url, "quiet_hours": quiet})).json()
    await happens(services)
    await serve(services)
    assert receiver.requests == []
    await api.http.patch(f"{URL}{made['id']}/", json={"quiet_hours": None})
    await later(services, hours=24)
    await serve(services)
    assert len(receiver.requests) == 1


def test_quiet_hours_by_the_clocks_of_a_place():
    night = QuietHours(start=time(22), end=time(7), time_zone="Europe/Berlin")
    winter = datetime(2026, 1, 10, 21, 30, tzinfo=UTC)
    assert night.until(winter) == datetime(2026, 1, 11, 6, tzinfo=UTC)
    assert night.until(winter.replace(hour=20)) is None
    assert night.until(datetime(2026, 7, 1, 4, 59, tzinfo=UTC)) == datetime(2026, 7, 1, 5, tzinfo=UTC)
    assert night.until(datetime(2026, 7, 1, 5, tzinfo=UTC)) is None


@given(
    st.builds(QuietHours, start=st.times(), end=st.times(), time_zone=st.sampled_from(["UTC", "Asia/Kolkata"])),
    st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_quiet_ends_within_a_day_and_it_is_not_quiet_then(quiet, now):
    until = quiet.until(now)
    if until is not None:
        assert 0 < (until - now).total_seconds() <= 86_400
        assert quiet.until(until) is None


async def test_a_name_of_the_inside_is_not_reached():
    async with receiving() as receiver:
        port = receiver.url.rsplit(":", 1)[1].split("/")[0]
        notifier = Notifier(Policy(), ["json"])
        answer = await notifier.send(f"json://localhost:{port}/hook", "t", "b")
        assert "loopback" in answer.error
        assert receiver.requests == []


def test_every_kind_of_event_has_a_text_worth_reading():
    event = {"type": "paper_trade", "trade": trade()}
    assert notice("paper_trade", "opened", event) == Notice(
        "BTCUSDT perp LONG 5x opened at 64,000",
        "Stop 62,720 (-2.00 %), target 65,920 (+3.00 %), 67,200 (+5.00 %).\nMargin 100.00 USDT.\nSource: golden cross.",
    )
    waits = {"trade": trade(market_type="SPOT", leverage=1, entry_time=None)}
    assert notice("paper_trade", "created", waits).title == "BTCUSDT LONG waits at 64,000"
    gone = {"trade": trade(exit_reason="entry_expired", status="CANCELLED")}
    assert "never entered: the entry has expired" in notice("paper_trade", "cancelled", gone).body
    lost = {"trade": CLOSED | {"profit_loss": "-1234.5", "exit_reason": "liquidation", "ambiguous": True}}
    told = notice("paper_trade", "closed", lost)
    assert told.title.startswith("LOSS BTCUSDT perp LONG 5x: -1,234.50 USDT")
    assert "Closed by liquidation" in told.body
    assert "Ambiguous" in told.body
    part = {"trade": trade(remaining_quantity="0.005", realized_profit_loss="7.2")}
    assert "50 % still open, +7.20 USDT realized" in notice("paper_trade", "updated", part).body
    assert notice("instrument", "suspended", {"market_type": "SPOT", "symbol": "XUSDT"}).title == "XUSDT SPOT suspended"
    assert "do not agree" in notice("system", "books_differ", {"check": "x"}).body
    assert notice("system", "feed_frozen", {"market_type": "SPOT"}).body.endswith("market type: SPOT")
    live = notice("account", "mode_changed", {"name": "main", "mode": "live", "live_until": "2026-07-01T10:00:00Z"})
    assert live.title == "Account main is LIVE"


def test_nobody_is_called_by_what_others_write():
    told = notice("paper_trade", "opened", {"trade": trade(source="@everyone\nhttps://x", notes="n" * 4000)})
    assert "@" not in told.body
    assert "(at)everyone https://x" in told.body
    assert len(told.body) < 400
    assert len(digest([told] * 10).body) <= 3000


async def test_delivery_rows_hold_no_url(api, services, receiver):
    url = receiver.url.replace("http://", "json://")
    await api.http.post(URL, json={"url": url})
    receiver.reply = lambda _: Reply(500)
    await happens(services)
    await serve(services)
    ((row,),) = await query(services, "SELECT d::text FROM deliveries d")
    assert "127.0.0.1" not in row
