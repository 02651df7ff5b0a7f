"""Sizes, limits and equity over HTTP: refused with the number that was exceeded, however many ask at once."""

import asyncio
from decimal import Decimal

from services.domain.market import Market
from tests.api.one_market.test_errors import is_problem
from tests.api.running import order


async def account(api):
    return (await api.http.get("/api/accounts/")).json()["results"][0]


async def last(services, symbol="BTCUSDT"):
    return (await services.prices.one(Market.FUTURES, symbol)).last


async def test_limits_are_set_read_and_hold_for_many_at_once(api, services):
    id_ = (await account(api))["id"]
    url = f"/api/accounts/{id_}/"
    changed = await api.http.patch(url, json={"max_open_trades": 3, "max_leverage": 2})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["max_open_trades"], changed.json()["max_symbol_exposure"]) == (3, None)
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")
    bodies = [order("FUTURES", symbol, await last(services, symbol)) for symbol in symbols]
    answers = await asyncio.gather(*(api.http.post("/api/paper-trades/", json=body) for body in bodies * 2))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 7
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert is_problem(refused, 409, "too_many_trades", "max_open_trades")["numbers"]["max_open_trades"] == "3"
    await api.http.patch(url, json={"max_open_trades": None, "max_symbol_exposure": "350"})
    much = bodies[0] | {"position_size": "500"}  # less a step of the quantity at most
    is_problem(await api.http.post("/api/paper-trades/", json=much), 409, "exposure_above_limit", "max_symbol_exposure")
    other = order("FUTURES", "BNBUSDT", await last(services, "BNBUSDT"))
    assert (await api.http.post("/api/paper-trades/", json=other)).status_code == 201
    is_problem(
        await api.http.post("/api/paper-trades/", json=other | {"leverage": 3}), 422, "leverage_above_limit", "leverage"
    )


async def test_wrong_terms_are_refused_by_their_field(api):
    url = f"/api/accounts/{(await account(api))['id']}/"
    for body, code, field in (
        ({}, "nothing_to_change", ""),
        ({"max_open_trades": -1}, "limit_out_of_range", "max_open_trades"),
        ({"max_leverage": 0}, "limit_out_of_range", "max_leverage"),
        ({"max_symbol_exposure": "NaN"}, "limit_out_of_range", "max_symbol_exposure"),
        ({"spot_fees": {"maker": "0.2", "taker": "0"}}, "fee_out_of_range", "spot_fees.maker"),
        ({"balance": "1"}, "invalid_request", "balance"),
    ):
        is_problem(await api.http.patch(url, json=body), 422, code, field)
    is_problem(await api.http.patch("/api/accounts/999999/", json={"max_leverage": 1}), 404, "no_such_account", "id")


async def test_fees_hold_for_trades_from_then_on(api, services):
    body = order("FUTURES", "BTCUSDT", await last(services))
    before = (await api.http.post("/api/paper-trades/", json=body)).json()
    url = f"/api/accounts/{(await account(api))['id']}/"
    changed = await api.http.patch(url, json={"futures_fees": {"maker": "0", "taker": "0.001"}, "fill_model": "harsh"})
    assert changed.json()["futures_fees"] == {"maker": "0", "taker": "0.001"}
    after = (await api.http.post("/api/paper-trades/", json=body)).json()
    assert Decimal(after["entry_fee"]) > Decimal(before["entry_fee"]) * Decimal("1.9")
    assert (before["fill_model"], after["fill_model"]) == ("realistic", "harsh")


async def test_equity_moves_with_the_market_and_sizes_the_next_trade(api, services):
    body = order("FUTURES", "BTCUSDT", await last(services), position_size="10000")
    trade = (await api.http.post("/api/paper-trades/", json=body)).json()
    found = await account(api)
    unrealized = Decimal(found["unrealized_profit_loss"])
    live = (await api.http.get(f"/api/paper-trades/{trade['id']}/")).json()
    fees_to_come = Decimal(live["unrealized_profit_loss"]) - unrealized
    assert -20 < fees_to_come < 0
    assert Decimal(found["equity"]) == Decimal(found["balance"]) + unrealized
    sized = order("FUTURES", "ETHUSDT", await last(services, "ETHUSDT"), equity_percent="10")
    made = (await api.http.post("/api/paper-trades/", json=sized)).json()
    assert abs(Decimal(made["position_size"]) - Decimal(found["equity"]) / 10) < 1


async def test_a_preview_is_what_would_be_made_and_stores_nothing(api, services):
    price = await last(services)
    body = order("FUTURES", "BTCUSDT", price, leverage=5, risk_percent="1", stop_loss=str(price * Decimal("0.9")))
    seen = await api.http.post("/api/paper-trades/preview/", json=body)
    assert seen.status_code == 200, seen.text
    assert (await api.http.get("/api/paper-trades/")).json()["results"] == []
    made = (await api.http.post("/api/paper-trades/", json=body)).json()
    for field in ("quantity", "position_size", "liquidation_price", "margin", "entry_fee", "status"):
        assert made[field] == seen.json()[field]
    too_much = body | {"risk_percent": None, "position_size": "99999999"}
    is_problem(
        await api.http.post("/api/paper-trades/preview/", json=too_much), 422, "leverage_above_bracket", "leverage"
    )
    poor = order("SPOT", "BTCUSDT", price, position_size="200000")
    is_problem(
        await api.http.post("/api/paper-trades/preview/", json=poor), 409, "insufficient_balance", "position_size"
    )
