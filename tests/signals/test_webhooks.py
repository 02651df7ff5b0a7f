"""Webhooks: every documented shape is understood, every malformed body kept with a named reason, no secret told."""

import asyncio
import logging
import random
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import structlog

from paperfleet import logs
from services.usecases.trade_signals import trade_signals
from tests.servers import wait_until
from tests.signals.saying import price, rows
from tests.signals.shapes import EXITS, SHAPES, filled

DRY_RUN = "/api/sources/1/validate_alert/"
"""Of the source that `hook` makes, the first."""


@pytest.fixture
async def hook(api) -> str:
    """The path of a webhook whose source completes alerts without stops."""
    settings = {"stop_loss_percent": "2", "take_profit_percent": "4", "dedup_seconds": 0}
    source = (await api.http.post("/api/sources/", json={"name": "alerts", **settings})).json()
    answer = await api.http.post(f"/api/sources/{source['id']}/rotate_secret/")
    return answer.json()["path"]


async def test_every_documented_shape_makes_a_signal(api, services, hook):
    last = await price(services)
    for name, (shape, direction) in SHAPES.items():
        body = filled(shape, last, datetime.now(UTC).isoformat())
        answer = await api.http.post(hook, content=body, headers={"content-type": "text/plain; charset=utf-8"})
        assert answer.status_code == 202, (name, answer.text)
        signal = (await api.http.get(f"/api/signals/{answer.json()['signal_id']}/")).json()
        told = (signal["market_type"], signal["symbol"], signal["direction"], signal["status"])
        market = "SPOT" if "DCA" in name else "FUTURES"  # a ticker that does not say is spot
        assert told == (market, "BTCUSDT", direction, "ACTIVE"), name
        assert signal["payload"] == body.decode(), name
    several = rows(services, "SELECT targets::text FROM signals WHERE jsonb_array_length(targets) = 2 ORDER BY id")
    assert [re.findall(r'"fraction": "([\d.]+)"', targets) for (targets,) in several] == [
        ["0.5000", "0.5000"],
        ["0.6", "0.4"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticker": "BTCUSDT.P", "side": "buy", "close": 1, "zone": [1000, 900], "entry_expires_at": 2208988800}',
        b"symbol=BTCUSDT.P side=buy zone=900-1000 entry_expires_at=2208988800",
        b"symbol=BTCUSDT.P side=buy entry_range='900, 1000' entry_expiry=2040-01-01T00:00:00Z",
    ],
)
async def test_an_alert_may_tell_an_entry_zone_and_until_when_it_holds(api, hook, body):
    answer = await api.http.post(hook, content=body)
    signal = (await api.http.get(f"/api/signals/{answer.json()['signal_id']}/")).json()
    assert (signal["status"], signal["entry_type"], signal["reason"]) == ("ACTIVE", "LIMIT", None)
    assert [Decimal(signal["entry_price"]), Decimal(signal["rules"]["entry_zone"])] == [1000, 900]
    assert signal["rules"]["entry_expires_at"] == "2040-01-01T00:00:00Z"


@pytest.mark.parametrize("zone", ["900", "900-950-1000", "low-high"])
async def test_an_entry_zone_that_is_none_is_refused_by_its_name(api, hook, zone):
    answer = await api.http.post(hook, content=f"symbol=BTCUSDT.P side=buy entry_zone={zone}".encode())
    signal = (await api.http.get(f"/api/signals/{answer.json()['numbers']['signal_id']}/")).json()
    assert (signal["status"], signal["field"]) == ("REJECTED", "entry_zone")


async def test_every_documented_shape_of_an_exit_is_one(api, services, hook):
    last = await price(services)
    for name, (shape, direction) in EXITS.items():
        answer = await api.http.post(hook, content=filled(shape, last, datetime.now(UTC).isoformat()))
        assert answer.status_code == 202, (name, answer.text)
        signal = (await api.http.get(f"/api/signals/{answer.json()['signal_id']}/")).json()
        told = (signal["symbol"], signal["action"], signal["direction"], signal["stop_loss_percent"])
        assert told == ("BTCUSDT", "EXIT", direction, None), name


SAID = "SELECT action, direction, status FROM signals ORDER BY id"
MADE = "SELECT direction, status FROM trades ORDER BY id"


@pytest.mark.parametrize("key", ["", ', "alert_id": "{number}"'])
async def test_a_strategy_that_turns_round_ends_the_one_side_and_opens_the_other_once(api, services, hook, key):
    await api.http.patch("/api/sources/1/", json={"dedup_seconds": 0 if key else 60})
    order = '{{"ticker": "BTCUSDT.P", "action": "{}", "market_position": "{}", "prev_market_position": "{}"{}}}'
    turns = (("buy", "long", "flat"), ("sell", "short", "long"), ("buy", "long", "short"))
    expected = [("ENTRY", "LONG")]
    for number, turn in enumerate(turns):
        body = order.format(*turn, key.format(number=number))
        answers = [await api.http.post(hook, content=body) for _ in range(3)]
        (told,) = {answer.json()["signal_id"] for answer in answers}
        if number:
            expected += [("EXIT", turn[2].upper()), ("ENTRY", turn[1].upper())]
        assert rows(services, SAID)[-1][:2] == expected[-1]
        assert told == rows(services, "SELECT max(id) FROM signals")[0][0], "the entry is answered"
        await trade_signals(services)
        await api.http.post(hook, content=body)
        await trade_signals(services)
    assert rows(services, SAID) == [(*each, "EXECUTED") for each in expected]
    closed = [("LONG", "CLOSED_MANUAL"), ("SHORT", "CLOSED_MANUAL")]
    await wait_until(lambda: rows(services, MADE) == [*closed, ("LONG", "OPEN")])


async def test_what_a_strategy_held_ends_also_where_its_new_side_is_refused(api, services, hook):
    body = '{"ticker": "BTCUSDT", "action": "sell", "market_position": "short", "prev_market_position": "long"}'
    answer = await api.http.post(hook, content=body)
    assert answer.json()["code"] == "spot_is_long_only"
    assert [each[:2] for each in rows(services, SAID)] == [("EXIT", "LONG"), ("ENTRY", None)]


async def test_a_dry_run_understands_every_shape_as_the_webhook_does_and_stores_nothing(api, services, hook):
    await api.http.patch("/api/sources/1/", json={"position_size": "2000"})  # enough for targets in parts
    last = await price(services)
    for name, (shape, direction) in SHAPES.items():
        body = filled(shape, last, datetime.now(UTC).isoformat())
        answer = await api.http.post(DRY_RUN, content=body, headers={"content-type": "text/plain"})
        assert answer.status_code == 200, (name, answer.text)
        signal, (account,) = answer.json()["signal"], answer.json()["accounts"]
        assert (signal["id"], signal["symbol"], signal["direction"], signal["status"]) == (
            0,
            "BTCUSDT",
            direction,
            "ACTIVE",
        ), name
        assert account["outcome"] == "accepted", (name, account)
    refused = await api.http.post(DRY_RUN, content=b"symbol=BTCUSDT.P side=maybe")
    told = refused.json()["signal"]
    assert (refused.status_code, told["status"], told["code"]) == (200, "REJECTED", "unknown_direction")
    assert refused.json()["accounts"] == []
    for table in ("signals", "signal_payloads", "signal_decisions", "trades"):
        assert rows(services, f"SELECT count(*) FROM {table}") == [(0,)], table


async def test_a_dry_run_says_what_saying_the_signal_would(api, services, hook):
    (source,) = (await api.http.get("/api/sources/")).json()["results"]
    said = {"market_type": "FUTURES", "symbol": "BTCUSDT", "direction": "LONG", "source": source["name"]}
    by_json = (await api.http.post("/api/signals/validate/", json=said)).json()
    by_hook = (await api.http.post(DRY_RUN, content=b"symbol=BTCUSDT.P side=buy")).json()
    assert by_hook.keys() == by_json.keys()
    for answer in (by_hook, by_json):
        (account,) = answer["accounts"]
        assert account["outcome"] == "accepted", account
        trade = account["trade"]
        assert Decimal(trade["stop_loss"]) < Decimal(trade["entry_price"]) < Decimal(trade["take_profit"])
    sized = [answer["accounts"][0]["trade"]["quantity"] for answer in (by_hook, by_json)]
    assert sized[0] == sized[1]


@pytest.fixture
def logged():
    """Logs as a process writes them, all of them."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("DEBUG")
    yield
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def malformed_bodies(price) -> dict[bytes, str]:
    """Two hundred bodies and the rule that each breaks."""
    good = '{"symbol": "BTCUSDT.P", "side": "buy"'
    single = {
        b"": "empty_body",
        b"   \n": "empty_body",
        b"\xff\xfe\x00": "not_text",
        b'{"symbol": "BTC\x00USDT"}': "not_text",
        b"[]": "not_an_object",
        b'"buy"': "not_an_object",
        b'[{"symbol": "BTCUSDT"}]': "not_an_object",
        b"hello there": "not_key_value",
        b"buy BTCUSDT now": "not_key_value",
        b"symbol=BTCUSDT symbol=ETHUSDT side=buy": "field_twice",
        b'{"symbol": "{{ticker}}", "side": "buy"}': "placeholder_left",
        b"symbol={{ticker}} side=buy": "placeholder_left",
        b"{}": "no_direction",
        b'{"side": "buy"}': "no_symbol",
        b'{"symbol": "BTCUSDT.P"}': "no_direction",
        b'{"symbol": "BTCUSDT.P", "side": "maybe"}': "unknown_direction",
        b'{"symbol": "BTCUSDT.P", "action": "buy", "side": "sell"}': "directions_differ",
        b'{"symbol": "BTCUSDT.P", "action": "reduce_long"}': "neither_entry_nor_exit",
        b'{"symbol": "BTCUSDT.P", "action": "tp1_hit"}': "neither_entry_nor_exit",
        b'{"symbol": "BTCUSDT.P", "action": "sell", "signal": "tp1_hit"}': "neither_entry_nor_exit",
        b'{"symbol": "BTCUSDT.P", "action": "enter_long", "signal": "exit_short"}': "entry_and_exit",
        b'{"message_type": "bot", "pair": "USDT_BTC", "action": "stop_bot"}': "neither_entry_nor_exit",
        b'{"symbol": "", "side": "buy"}': "no_symbol",
        b'{"symbol": 5, "side": "buy"}': "no_symbol",
        b'{"symbol": "BTCEUR", "side": "buy"}': "not_a_usdt_pair",
        b'{"symbol": "BTC/USDC", "side": "buy"}': "not_a_usdt_pair",
        b'{"symbol": "NASDAQ:AAPL", "side": "buy"}': "unknown_symbol",
        b'{"symbol": "BTCUSDT", "side": "sell"}': "spot_is_long_only",
        b'{"symbol": "BTCUSDT.P", "side": "buy", "market": "options"}': "unknown_market",
        (good + ', "order_type": "iceberg"}').encode(): "unknown_entry_type",
        (good + ', "order_type": "limit"}').encode(): "limit_without_price",
        (good + ', "timestamp": "yesterday"}').encode(): "bad_time",
        (good + ', "timestamp": "2999-01-01T00:00:00Z"}').encode(): "signal_from_the_future",
        (good + ', "expires_at": "2001-01-01T00:00:00Z"}').encode(): "expires_before_it_arose",
        (good + ', "leverage": 2.5}').encode(): "not_a_whole_number",
        (good + ', "leverage": 900}').encode(): "leverage_out_of_range",
        (good + ', "confidence": 80}').encode(): "confidence_out_of_range",
        (good + f', "sl": {price * 2}, "tp": {price * 3}, "price": {price}}}').encode(): "stop_misplaced",
        (good + f', "sl": {price / 2}, "tp": {price / 3}, "price": {price}}}').encode(): "target_misplaced",
        (good + f', "sl": {price / 2}, "tp": {price * 9 / 10}, "price": {price}}}').encode(): "target_misplaced",
        (good + ', "take_profit": {"enabled": true, "steps": [{}]}}').encode(): "level_unclear",
        (good + ', "targets": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}').encode(): "too_many_targets",
        (good + ', "targets": [{"percent": 1, "fraction": 0.5}, {"percent": 2, "fraction": 0.9}]}').encode(): (
            "fractions_not_whole"
        ),
        (good + ', "idempotency_key": "\u00e9"}').encode(): "bad_idempotency_key",
        ("{" + ",".join(f'"k{n}": {n}' for n in range(300)) + "}").encode(): "too_many_fields",
        ('{"a":' * 300 + "1" + "}" * 300).encode(): "nested_too_deep",
        (b"{" + b'"a": [' * 1000): "malformed_json",
    }
    for field in ("sl", "tp", "price", "leverage", "confidence", "max_lag"):
        for value in ('"NaN"', '"abc"', '"1,000"', "true", "[[]]", '"1e400"'):
            single[(good + f', "{field}": {value}}}').encode()] = "not_a_number"
    chance = random.Random(4)
    whole = (good + f', "sl": "{price / 2}", "tp": "{price * 2}", "notes": "cut anywhere"}}').encode()
    while len(single) < 200:
        cut = bytearray(whole[: chance.randrange(1, len(whole) - 1)])
        if chance.random() < 0.5:
            cut[chance.randrange(len(cut))] = chance.choice(b'{}[]",:\\')
        single.setdefault(bytes(cut), "malformed_json")
    return single


async def test_two_hundred_malformed_bodies_are_refused_by_name_and_kept(api, services, hook):
    bodies = malformed_bodies(await price(services))
    assert len(bodies) == 200
    for body, code in bodies.items():
        answer = await api.http.post(hook, content=body)
        told = answer.json()
        # A JSON text with a byte changed in it can be another mistake than its cut.
        allowed = {code} if code != "malformed_json" else {code, "not_key_value", "not_an_object"}
        assert (answer.status_code in (409, 422), told["code"] in allowed) == (True, True), (body, answer.text)
        assert told["detail"]
    kept = rows(
        services, "SELECT payload FROM signals JOIN signal_payloads ON signal_id = id WHERE status = 'REJECTED'"
    )
    assert {payload for (payload,) in kept} == set(bodies)


async def test_a_wrong_or_replaced_secret_opens_nothing_and_no_log_tells_one(api, services, hook, logged, capfd):
    body = b"symbol=BTCUSDT.P side=buy"
    source = (await api.http.get("/api/sources/")).json()["results"][0]
    new = (await api.http.post(f"/api/sources/{source['id']}/rotate_secret/")).json()
    assert len(new["secret"].partition("-")[2]) == 43
    wrong = new["secret"][:-1] + ("A" if new["secret"][-1] != "A" else "B")
    for path in (hook, f"/api/webhooks/in/{wrong}/", "/api/webhooks/in/x/", "/api/webhooks/in/999-" + "a" * 43):
        answer = await api.http.post(path, content=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_webhook"), path
    assert rows(services, "SELECT count(*) FROM signals") == [(0,)]
    async with services.pool.connection() as connection:
        await connection.execute("ALTER TABLE signal_payloads RENAME TO gone")
    broken = await api.http.post(new["path"], content=body)
    async with services.pool.connection() as connection:
        await connection.execute("ALTER TABLE gone RENAME TO signal_payloads")
    assert broken.status_code == 500
    output = "".join(capfd.readouterr()) + broken.text + (await api.http.get("/metrics")).text
    token = new["secret"].partition("-")[2]
    assert "/api/webhooks/in/" in output, "the route is told"
    assert token not in output, "its secret never"
    assert rows(services, "SELECT octet_length(secret_hash) FROM sources") == [(32,)]
    stored = rows(services, "SELECT encode(secret_hash, 'escape') || name FROM sources")
    assert token not in stored[0][0]
    assert (await api.http.post(new["path"], content=body)).status_code == 202


async def test_sizes_are_limited(api, services, hook):
    for path in (hook, DRY_RUN):
        assert (await api.http.post(path, content=b"x" * (16 * 1024 + 1))).status_code == 413
    assert (await api.http.post(hook, content=b"symbol=BTCUSDT.P side=buy".ljust(16 * 1024))).status_code == 202


async def test_fifty_posts_at_once_make_one_signal(api, services, hook):
    await api.http.patch("/api/sources/1/", json={"dedup_seconds": 60})
    body = b"symbol=BTCUSDT.P side=buy"
    answers = await asyncio.gather(*(api.http.post(hook, content=body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["signal_id"] for answer in answers}) == 1
    assert sum(not answer.json()["repeated"] for answer in answers) == 1
    assert rows(services, "SELECT count(*) FROM signals") == [(1,)]
