"""Paper trades over HTTP: open, list, read, edit, close, cancel."""

from decimal import Decimal

import httpx

from services.domain.market import Market
from tests.api.running import order


async def last(services, market=Market.FUTURES, symbol="BTCUSDT"):
    return (await services.prices.one(market, symbol)).last


async def opened(api, services, **changes):
    answer = await api.http.post(
        "/api/paper-trades/", json=order("FUTURES", "BTCUSDT", await last(services), **changes)
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_market_order_is_open_at_once_and_reads_the_same_everywhere(api, services):
    stop = str(await last(services) * Decimal("0.85"))
    trade = await opened(api, services, position_size="250", leverage=5, notes="first", stop_loss=stop)
    assert trade["status"] == "OPEN"
    assert trade["notes"] == "first"
    for url in (f"/api/paper-trades/{trade['id']}/", f"/api/paper-trades/{trade['id']}"):
        read = (await api.http.get(url)).json()
        assert {name: read[name] for name in trade} == trade
        assert Decimal(read["unrealized_profit_loss"]) < 0  # it opened at ask, would close at bid, and pays twice
        assert read["current_price"] == str(await last(services))
    listed = (await api.http.get("/api/paper-trades/")).json()
    assert listed == {
        "results": [read | {"price_age_seconds": listed["results"][0]["price_age_seconds"]}],
        "next": None,
    }
    positions = (await api.http.get("/api/paper-trades/open_positions/")).json()
    assert [position["id"] for position in positions["results"]] == [trade["id"]]


async def test_close_and_cancel(api, services):
    price = await last(services)
    trade = await opened(api, services)
    closed = await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/", json={"current_price": str(price)})
    assert closed.status_code == 200, closed.text
    assert closed.json()["status"] == "CLOSED_MANUAL"
    resting = await opened(api, services, entry_type="LIMIT", entry_price=str(price * Decimal("0.7")))
    assert resting["status"] == "PENDING"
    cancelled = await api.http.post(f"/api/paper-trades/{resting['id']}/cancel_trade/")
    assert cancelled.status_code == 200, cancelled.text
    assert cancelled.json()["status"] == "CANCELLED"


async def test_stop_and_target_can_be_moved(api, services):
    price = await last(services)
    trade = await opened(api, services)
    url = f"/api/paper-trades/{trade['id']}/"
    stop = (price * Decimal("0.6")).quantize(Decimal("0.1"))
    edited = await api.http.patch(url, json={"stop_loss": str(stop)}, headers={"If-Match": f'"{trade["version"]}"'})
    assert edited.status_code == 200, edited.text
    assert Decimal(edited.json()["stop_loss"]) == stop
    assert (edited.json()["take_profit"], edited.json()["version"]) == (trade["take_profit"], trade["version"] + 1)
    again = await api.http.patch(
        url, json={"take_profit": str(price * 3)}, headers={"If-Match": f'"{trade["version"]}"'}
    )
    assert (again.status_code, again.json()["numbers"]["version"]) == (409, str(trade["version"] + 1))


async def test_without_the_path_a_close_is_accepted_and_waits(api, services, exchange_urls):
    trade = await opened(api, services)
    faults = f"{exchange_urls['control_url']}/faults"
    async with httpx.AsyncClient() as control:
        await control.post(faults, json={"kind": "503", "path_prefix": "/fapi/v1/klines"})
        try:
            closing = await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/")
            assert (closing.status_code, closing.json()["status"]) == (202, "OPEN"), closing.text
            twice = await api.http.post(f"/api/paper-trades/{trade['id']}/close_trade/")
            assert (twice.status_code, twice.json()["code"]) == (409, "trade_state")
        finally:
            await control.delete(faults)
