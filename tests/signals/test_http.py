"""Signals and sources over HTTP: said, tried out, imported, listed, cancelled, traded; events of a source."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from services.usecases.trade_signals import trade_signals
from tests.api.running import pages, serving
from tests.api.sse import streaming
from tests.signals.saying import price, rows


async def body(services, **changes):
    last = await price(services)
    told = {
        "source": "mine",
        "market_type": "FUTURES",
        "symbol": "BTCUSDT",
        "direction": "LONG",
        "stop_loss": str(last * 8 / 10),
        "take_profit": str(last * 2),
    }
    return told | changes


async def test_a_signal_is_said_traded_read_and_its_trade_knows_it(api, services):
    said = await api.http.post("/api/signals/", json=await body(services), headers={"Idempotency-Key": "one"})
    assert said.status_code == 201, said.text
    again = await api.http.post("/api/signals/", json=await body(services), headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["id"]) == (200, said.json()["id"])
    other = await api.http.post(
        "/api/signals/", json=await body(services, leverage=2), headers={"Idempotency-Key": "one"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    await trade_signals(services)
    signal = (await api.http.get(f"/api/signals/{said.json()['id']}/")).json()
    assert (signal["status"], signal["decisions"][0]["outcome"]) == ("EXECUTED", "accepted")
    trade = (await api.http.get(f"/api/paper-trades/{signal['decisions'][0]['trade_id']}/")).json()
    assert (trade["signal_id"], trade["source"], trade["status"]) == (signal["id"], "mine", "OPEN")
    listed = (await api.http.get("/api/paper-trades/", params={"source": "mine"})).json()["results"]
    assert [each["id"] for each in listed] == [trade["id"]]
    counts = (await api.http.get(f"/api/sources/{signal['source_id']}/statistics/")).json()
    assert counts["signals"] == {"EXECUTED": 1, "REJECTED": 1}
    assert (counts["refused_for"], counts["decisions"]) == ({"idempotency_key_reused": 1}, {"accepted": 1})
    cancelled = await api.http.post(f"/api/signals/{signal['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "signal_state")


async def test_a_signal_said_without_redis_is_stored_and_traded_by_the_sweep(services):
    wish = await body(services)
    with serving(replace(services.settings, redis_url="redis://127.0.0.1:1/0")) as api:
        async with api.http:
            said = await api.http.post("/api/signals/", json=wish)
            assert said.status_code == 201, said.text
            await trade_signals(services)
            assert (await api.http.get(f"/api/signals/{said.json()['id']}/")).json()["status"] == "EXECUTED"


async def test_a_dry_run_says_what_would_happen_and_leaves_nothing(api, services):
    await api.http.post("/api/sources/", json={"name": "mine"})
    good = (await api.http.post("/api/signals/validate/", json=await body(services, leverage=3))).json()
    assert (good["signal"]["id"], good["signal"]["status"], good["repeats"]) == (0, "ACTIVE", None)
    (account,) = good["accounts"]
    assert (account["outcome"], account["trade"]["leverage"]) == ("accepted", 3)
    assert Decimal(account["trade"]["liquidation_price"]) < Decimal(account["trade"]["stop_loss"])
    tight = (await api.http.post("/api/signals/validate/", json=await body(services, leverage=10))).json()
    assert tight["accounts"][0]["code"] == "stop_beyond_liquidation"
    assert "liquidation_price" in tight["accounts"][0]["numbers"]
    wrong = (await api.http.post("/api/signals/validate/", json=await body(services, symbol="NONEUSDT"))).json()
    assert (wrong["signal"]["code"], wrong["accounts"]) == ("unknown_symbol", [])
    assert rows(services, "SELECT (SELECT count(*) FROM signals), (SELECT count(*) FROM trades)") == [(0, 0)]
    said = (await api.http.post("/api/signals/", json=await body(services))).json()
    repeated = (await api.http.post("/api/signals/validate/", json=await body(services))).json()
    assert repeated["repeats"] == said["id"]


async def test_a_dry_run_with_a_new_source_says_what_would_happen_and_leaves_no_source(api, services):
    tables = ("sources", "follows", "signals", "signal_payloads", "signal_decisions", "trades", "events", "audit_log")
    counts = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    before = rows(services, counts)
    tried = await api.http.post("/api/signals/validate/", json=await body(services, source="not there", leverage=3))
    assert tried.status_code == 200, tried.text
    told = tried.json()["signal"]
    assert (told["id"], told["source_id"], told["source"], told["status"]) == (0, 0, "not there", "ACTIVE")
    assert [each["outcome"] for each in tried.json()["accounts"]] == ["accepted"]
    assert rows(services, counts) == before
    assert (await api.http.get("/api/sources/")).json()["results"] == []
    said = (await api.http.post("/api/signals/", json=await body(services, source="not there"))).json()
    again = (await api.http.post("/api/signals/validate/", json=await body(services, source="not there"))).json()
    assert (again["repeats"], again["signal"]["source_id"]) == (said["id"], said["source_id"])


async def test_a_file_is_stored_row_by_row_and_every_other_row_is_told(api, services):
    last = await price(services)
    old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    lines = [
        "Symbol,Side,SL,TP1,TP2,Timestamp,Comment,Idempotency key",
        f'BTCUSDT.P,buy,{last * 8 / 10},{last * 2},{last * 3},,"two\nlines, quoted",a',
        f"ETHUSDT.P,sell,10%,5%,,{old},,b",
        "ETHUSDT.P,maybe,10%,5%,,,,c",
        f'BTCUSDT.P,buy,{last * 8 / 10},{last * 2},{last * 3},,"two\nlines, quoted",a',
        "SOLUSDT.P,buy,10%,5%,,,,d,too,many",
        "SOLUSDT.P,buy,10%,x,,,,e",
        "SOLUSDT.P,buy,10%,5%,,,,f",
    ]
    file = "\r\n".join(lines).encode()

    async def chunks():
        for start in range(0, len(file), 7):
            yield file[start : start + 7]

    answer = await api.http.post("/api/signals/import/", content=chunks(), params={"source": "a file"})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert {name: report[name] for name in ("total", "stored", "repeated", "expired", "rejected")} == {
        "total": 7, "stored": 2, "repeated": 1, "expired": 1, "rejected": 3,
    }  # fmt: skip
    assert [(row["line"], row["code"], row["field"]) for row in report["rows"]] == [
        (4, "signal_expired", ""),
        (5, "unknown_direction", "side"),
        (6, "repeated", ""),
        (8, "too_many_cells", ""),
        (9, "not_a_number", "take_profit"),
    ]
    kept = await pages(api, "/api/signals/", status="REJECTED,EXPIRED", limit=1)
    assert len(kept) == 4
    nothing = await api.http.post("/api/signals/import/", content=b"")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "no_columns")
    twice = await api.http.post("/api/signals/import/", content=b"symbol,symbol\nBTC,BTC")
    assert twice.json()["code"] == "bad_columns"
    broken = await api.http.post("/api/signals/import/", content=b'symbol,"direction" and more\n')
    assert (broken.status_code, broken.json()["code"], broken.json()["field"]) == (422, "bad_columns", "columns")


async def test_a_file_sent_again_tells_what_became_of_its_rows_before(api):
    file, params = "symbol,side,sl,tp\nBTCUSDT.P,maybe,10%,5%\nBTCUSDT.P,buy,10%,5%", {"source": "twice"}
    for _ in range(2):
        answer = await api.http.post(
            "/api/signals/import/", content=file, params=params, headers={"Idempotency-Key": "f"}
        )
    (refused, sound) = answer.json()["rows"]
    assert (refused["code"], sound["code"]) == ("repeated", "repeated")
    assert "REJECTED" in refused["reason"]
    assert "must be buy, sell, long or short" in refused["reason"]
    assert sound["reason"] == "this signal is known"


async def test_a_quote_inside_a_cell_of_a_file_takes_no_row_with_it(api):
    lines = [
        "symbol,side,sl,tp,comment,strategy",
        'BTCUSDT.P,buy,10%,5%,a 6" wick,one',
        'ETHUSDT.P,buy,10%,5%,"told ""so"",",two',
        'SOLUSDT.P,buy,10%,5%,"over two lines, a ""',
        '"" and an end",three',
        'SOLUSDT.P,buy,10%,5%,"spoilt" cell,four',
        'AAVEUSDT.P,buy,10%,5%,,five"',
        "NEARUSDT.P,buy,10%,5%,,six",
    ]
    answer = await api.http.post("/api/signals/import/", content="\n".join(lines), params={"source": "quoted"})
    assert [(row["line"], row["code"]) for row in answer.json()["rows"]] == [(6, "malformed_row")]
    stored = await pages(api, "/api/signals/", status="ACTIVE", limit=10)
    assert {signal["strategy"]: signal["notes"] for signal in stored} == {
        "one": 'a 6" wick',
        "two": 'told "so",',
        "three": 'over two lines, a "\n" and an end',
        'five"': "",
        "six": "",
    }


async def test_lists_are_filtered_and_paged(api, services):
    for number in range(5):
        side = {"direction": "SHORT", "stop_loss": str(await price(services) * 2), "take_profit": "1000"}
        said = await api.http.post(
            "/api/signals/",
            json=await body(services, notes=str(number), timeframe=f"{number}h", **(side if number % 2 else {})),
        )
        assert said.status_code == 201, said.text
    found = await pages(api, "/api/signals/", limit=2)
    assert [each["notes"] for each in found] == ["4", "3", "2", "1", "0"]
    shorts = (await api.http.get("/api/signals/", params={"direction": "SHORT"})).json()["results"]
    assert [each["notes"] for each in shorts] == ["3", "1"]
    hour = await api.http.get("/api/signals/", params={"timeframe": "2h", "symbol": "BTCUSDT", "source_id": 1})
    assert [each["notes"] for each in hour.json()["results"]] == ["2"]
    assert (await api.http.get("/api/signals/", params={"source_id": 77})).status_code == 404
    first = found[-1]["id"]
    cancelled = (await api.http.post(f"/api/signals/{first}/cancel/")).json()
    assert (cancelled["status"], cancelled["decisions"]) == ("CANCELLED", [])


async def test_sources_have_settings_followers_and_names_of_their_own(api, services):
    made = await api.http.post("/api/sources/", json={"name": "alpha", "leverage_max": 5, "follow": False})
    assert made.status_code == 201, made.text
    source = made.json()
    assert (source["leverage_max"], source["follows"], source["is_own"], source["has_secret"]) == (5, [], True, False)
    assert (await api.http.post("/api/sources/", json={"name": "alpha"})).json()["code"] == "source_exists"
    for wrong in ({"name": "a#b"}, {"name": "x", "max_lag_seconds": 0}, {"name": "x", "stop_loss_percent": "100"}):
        assert (await api.http.post("/api/sources/", json=wrong)).status_code == 422, wrong
    url = f"/api/sources/{source['id']}/"
    edited = (await api.http.patch(url, json={"leverage_max": None, "entry_type": "LIMIT"})).json()
    assert (edited["leverage_max"], edited["entry_type"], edited["max_lag_seconds"]) == (None, "LIMIT", 300)
    assert (await api.http.patch(url, json={})).json()["code"] == "nothing_to_change"
    followed = (await api.http.post(f"{url}follow/", json={"risk_percent": "1", "leverage_max": 3})).json()["follows"]
    assert followed[0]["overrides"] == {
        "entry_type": None, "position_size": None, "equity_percent": None, "risk_percent": "1", "leverage_max": 3,
    }  # fmt: skip
    both = await api.http.post(f"{url}follow/", json={"risk_percent": "1", "position_size": "5"})
    assert (both.status_code, both.json()["code"]) == (422, "two_sizes")
    assert (await api.http.post(f"{url}unfollow/")).status_code == 204
    assert (await api.http.post(f"{url}unfollow/")).json()["code"] == "not_followed"
    assert (await api.http.get(url)).json()["follows"] == []
    assert [each["name"] for each in await pages(api, "/api/sources/", limit=1)] == ["alpha"]


async def test_the_events_of_ones_sources_arrive_and_resume(api, services):
    await api.http.post("/api/sources/", json={"name": "mine", "follow": False})
    async with streaming(api.http) as stream:
        said = (await api.http.post("/api/signals/", json=await body(services))).json()
        event = await stream.next()
    assert (event.event, event.data["action"]) == ("signal", "created")
    assert event.data["signal"] == said
    await api.http.post(f"/api/signals/{said['id']}/cancel/")
    async with streaming(api.http, last_id=event.id) as stream:
        assert (await stream.next()).data["action"] == "cancelled"
    async with streaming(api.http, sources="1", **{"from": "start"}) as stream:
        assert [each.data["action"] for each in await stream.take(2)] == ["created", "cancelled"]
    assert (await api.http.get("/api/events/", params={"sources": 77})).status_code == 404


async def test_a_signal_is_traded_by_hand_once(api, services):
    await api.http.post("/api/sources/", json={"name": "mine", "auto_trade": False, "follow": False})
    said = (await api.http.post("/api/signals/", json=await body(services))).json()
    url = "/api/paper-trades/create_from_signal/"
    opened = await api.http.post(url, json={"signal_id": said["id"], "risk_percent": "0.5"})
    assert opened.status_code == 201, opened.text
    assert opened.json()["signal_id"] == said["id"]
    assert opened.headers["ETag"] == f'"{opened.json()["version"]}"'
    assert (await api.http.get(f"/api/signals/{said['id']}/")).json()["status"] == "EXECUTED"
    twice = await api.http.post(url, json={"signal_id": said["id"]})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_traded")
    assert twice.json()["numbers"]["trade_id"] == str(opened.json()["id"])
    assert (await api.http.post(url, json={"signal_id": 999})).json()["code"] == "no_such_signal"


@pytest.mark.parametrize(
    ("body", "code", "source"),
    [
        (
            b'{"source": "mine", "market_type": "FUTURES", "symbol": "BTCUSDT", "side": "LONG"}',
            "invalid_request",
            "mine",
        ),
        (b'{"source": 5, "market_type": "FUTURES"}', "invalid_request", "api"),
        (b'{"source": "mine", "mar', "malformed_json", "api"),
        (b"buy BTCUSDT", "malformed_json", "api"),
        (b'{"no such\\u0000field": 1}', "invalid_request", "api"),
        (b"\xff\xfe", "malformed_json", "api"),
    ],
)
async def test_a_body_that_is_no_signal_is_refused_and_kept(api, services, body, code, source):
    answer = await api.http.post("/api/signals/", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    signal = (await api.http.get(f"/api/signals/{answer.json()['numbers']['signal_id']}/")).json()
    assert (signal["status"], signal["code"], signal["source"]) == ("REJECTED", code, source)
    assert rows(services, "SELECT payload FROM signal_payloads") == [(body,)]


async def test_what_was_said_is_kept_to_the_byte(api, services):
    last = await price(services)
    said = (
        f'{{ "symbol":"BTCUSDT",\n\t"stop_loss" : {last * 8 / 10}00, "take_profit":"{last * 2}", "notes": "\\u00e9 é",'
        '  "direction":"LONG","market_type":"FUTURES"  }\n'
    ).encode()
    answer = await api.http.post("/api/signals/", content=said, headers={"content-type": "application/json"})
    assert answer.status_code == 201, answer.text
    signal = (await api.http.get(f"/api/signals/{answer.json()['id']}/")).json()
    assert (signal["payload"].encode(), signal["notes"]) == (said, "é é")
    assert rows(services, "SELECT payload FROM signal_payloads") == [(said,)]
