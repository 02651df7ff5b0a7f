"""Trade plans over HTTP: several targets, partial closes, edits and their history, and what is refused."""

from decimal import Decimal

import pytest

from tests.api.test_paper_trades import last, opened


def legs(price: Decimal, *fractions: str) -> list[dict[str, str]]:
    """Targets at 2, 3, ... times the price."""
    return [{"price": str(price * (2 + n)), "fraction": fraction} for n, fraction in enumerate(fractions)]


async def test_a_plan_with_everything_reads_as_it_was_given(api, services):
    price = await last(services)
    rules = {
        "break_even_after": 1,
        "trailing": {"percent": "2.5", "activation": str((price * 2).quantize(Decimal(1)))},
        "time_stop": "PT36H",
    }
    trade = await opened(
        api, services, take_profit=None, take_profits=legs(price, "0.5", "0.25", "0.25"), position_size="1000", **rules
    )
    assert trade["status"] == "OPEN"
    assert [each["fraction"] for each in trade["take_profits"]] == ["0.5", "0.25", "0.25"]
    assert [each["filled"] for each in trade["take_profits"]] == [False] * 3
    assert trade["take_profit"] == trade["take_profits"][0]["price"]
    assert trade["rules"]["break_even_after"] == 1
    assert trade["rules"]["trailing"] == rules["trailing"]
    assert trade["rules"]["time_stop"] in ("PT36H", "P1DT12H", "P1DT43200S")
    assert (trade["stop_reason"], trade["stop_loss"]) == ("stop_loss", trade["initial_stop_loss"])
    read = (await api.http.get(f"/api/paper-trades/{trade['id']}/")).json()
    assert {name: read[name] for name in trade} == trade


async def test_a_trade_leaves_in_parts_and_every_part_is_booked(api, services):
    trade = await opened(api, services, position_size="1000")
    url = f"/api/paper-trades/{trade['id']}/close_trade/"
    part = (await api.http.post(url, json={"fraction": "0.25"})).json()
    assert part["status"] == "OPEN"
    assert [each["reason"] for each in part["exits"]] == ["manual"]
    quantity, left = Decimal(part["exits"][0]["quantity"]), Decimal(part["remaining_quantity"])
    assert quantity + left == Decimal(trade["quantity"])
    assert abs(quantity - Decimal(trade["quantity"]) / 4) < Decimal("0.001")
    assert part["profit_loss"] is None
    closed = (await api.http.post(url)).json()
    assert (closed["status"], len(closed["exits"]), closed["remaining_quantity"]) == ("CLOSED_MANUAL", 2, "0")
    parts = [Decimal(each["profit_loss"]) for each in closed["exits"]]
    assert Decimal(closed["profit_loss"]) == sum(parts) - Decimal(trade["entry_fee"])
    mean = sum(Decimal(each["price"]) * Decimal(each["quantity"]) for each in closed["exits"])
    assert abs(Decimal(closed["exit_price"]) - mean / Decimal(trade["quantity"])) < Decimal("0.00000001")
    account = (await api.http.get("/api/accounts/")).json()["results"][0]
    assert Decimal(account["reserved"]) == 0


async def test_targets_are_replaced_and_the_history_tells(api, services):
    price = await last(services)
    trade = await opened(api, services, position_size="1000")
    url = f"/api/paper-trades/{trade['id']}/"
    edited = await api.http.patch(url, json={"take_profits": legs(price, "0.6", "0.4")})
    assert edited.status_code == 200, edited.text
    stop = str((price * Decimal("0.6")).quantize(Decimal(1)))
    assert (await api.http.patch(url, json={"stop_loss": stop})).status_code == 200
    history = (await api.http.get(f"{url}revisions/")).json()["results"]
    assert [len(each["take_profits"]) for each in history] == [2, 2]
    assert [Decimal(each["stop_loss"]) for each in history] == [Decimal(trade["stop_loss"]), Decimal(stop)]
    assert [each["version"] for each in history] == [2, 3]
    first = (await api.http.get(f"{url}revisions/?limit=1")).json()
    second = (await api.http.get(f"{url}revisions/?limit=1&cursor={first['next']}")).json()
    assert (first["results"] + second["results"], second["next"]) == (history, None)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"take_profit": None}, "take_profit", "no_target"),
        ({"take_profits": [{"price": "9000000", "fraction": "1"}]}, "take_profits", "two_targets"),
        ({"time_stop": "-PT1H"}, "time_stop", "time_stop_out_of_range"),
        ({"break_even_after": 1}, "break_even_after", "break_even_out_of_range"),
        ({"cancel_on_stop": True}, "cancel_on_stop", "only_for_limit"),
        ({"entry_expires_at": "2030-01-01T00:00:00Z"}, "entry_expires_at", "only_for_limit"),
        ({"trailing": {}}, "trailing", "trailing_distance"),
        ({"trailing": {"percent": "60"}}, "trailing.percent", "trailing_distance"),
        ({"trailing": {"percent": "NaN"}}, "trailing.percent", "not_a_positive_number"),
        ({"entry_zone": ["1", "2"], "entry_price": "1"}, "entry_zone", "two_entries"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_by_field_and_rule(api, services, changes, field, code):
    price = await last(services)
    body = {
        "market_type": "FUTURES",
        "symbol": "BTCUSDT",
        "direction": "LONG",
        "stop_loss": str(price / 2),
        "take_profit": str(price * 2),
    }
    answer = await api.http.post("/api/paper-trades/", json=body | changes)
    assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (422, field, code), answer.text


async def test_fractions_and_parts_have_to_be_orders(api, services):
    price = await last(services)
    base = {"market_type": "FUTURES", "symbol": "BTCUSDT", "direction": "LONG", "stop_loss": str(price / 2)}
    for fractions, code in ((("0.5", "0.4"), "fractions_not_whole"), (("0.999", "0.001"), "leg_below_minimum")):
        answer = await api.http.post("/api/paper-trades/", json=base | {"take_profits": legs(price, *fractions)})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    trade = await opened(api, services)
    url = f"/api/paper-trades/{trade['id']}/close_trade/"
    for fraction, code in (
        ("1.5", "fraction_above_one"),
        ("0.000001", "below_minimum"),
        ("0", "not_a_positive_number"),
    ):
        answer = await api.http.post(url, json={"fraction": fraction})
        assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (422, "fraction", code)


async def test_a_zone_rests_at_its_near_edge(api, services):
    price = await last(services)
    low, high = (str((price * Decimal(share)).quantize(Decimal(1))) for share in ("0.8", "0.9"))
    trade = await opened(
        api, services, entry_type="LIMIT", entry_zone=[low, high], entry_expires_at="2030-01-01T00:00:00Z"
    )
    assert (trade["status"], Decimal(trade["entry_price"])) == ("PENDING", Decimal(high))
    assert Decimal(trade["rules"]["entry_zone"]) == Decimal(low)
