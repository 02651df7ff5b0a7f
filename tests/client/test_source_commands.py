"""Sources of signals by commands: made, changed, followed, and the address that alerts are posted to."""

import json
from decimal import Decimal
from itertools import count

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="package")
numbers = count()


async def test_settings_are_given_changed_and_taken_away(api, run):
    name = f"settings {next(numbers)}"
    options = ("--stop", "2", "--target", "4", "--max-leverage", "5", "--market", "futures", "--entry", "LIMIT")
    more = ("--size", "50", "--max-lag", "600", "--dedup", "30", "--public", "--no-auto-trade", "--no-follow")
    made = json.loads(run(api.url, "sources", "create", name, *options, *more, "--json"))
    numbers_told = (Decimal(made[each]) for each in ("stop_loss_percent", "take_profit_percent", "position_size"))
    assert [*numbers_told] == [2, 4, 50]
    assert (made["leverage_max"], made["max_lag_seconds"], made["dedup_seconds"]) == (5, 600, 30)
    assert (made["market_type"], made["entry_type"]) == ("FUTURES", "LIMIT")
    assert (made["is_public"], made["auto_trade"], made["follows"]) == (True, False, [])
    away = ("--max-leverage", "none", "--market", "none", "--entry", "none", "--size", "none", "--stop", "none")
    changed = json.loads(run(api.url, "sources", "edit", name, *away, "--auto-trade", "--private", "--json"))
    gone = ("leverage_max", "market_type", "entry_type", "position_size", "stop_loss_percent")
    assert {changed[each] for each in gone} == {None}
    assert (changed["auto_trade"], changed["is_public"], changed["max_lag_seconds"]) == (True, False, 600)
    assert "600" in run(api.url, "sources", "show", name)
    assert name in run(api.url, "sources", "list", "-n", "200")
    assert "give at least one of --public" in run(api.url, "sources", "edit", name, code=2)
    assert "(source_exists)" in run(api.url, "sources", "create", name, code=1)
    assert "stop_loss_percent must be above 0" in run(api.url, "sources", "edit", name, "--stop", "-1", code=1)
    assert "--max-leverage" in run(api.url, "sources", "edit", name, "--max-leverage", "much", code=2)


async def test_a_source_is_followed_otherwise_and_no_longer(api, run):
    name = f"followed {next(numbers)}"
    run(api.url, "sources", "create", name, "--no-follow")
    assert "risk_percent 1.5, leverage_max 3" in run(
        api.url, "sources", "follow", name, "--risk", "1.5", "--max-leverage", "3"
    )
    followed = json.loads(run(api.url, "sources", "follow", name, "--size", "20", "--account", "1", "--json"))
    (mine,) = followed["follows"]
    assert (mine["overrides"]["position_size"], mine["overrides"]["risk_percent"]) == ("20", None)
    assert "give only one of position_size" in run(
        api.url, "sources", "follow", name, "--size", "20", "--risk", "1", code=1
    )
    assert "not taken any more" in run(api.url, "sources", "unfollow", name)
    assert json.loads(run(api.url, "sources", "show", name, "--json"))["follows"] == []


async def test_the_address_of_alerts_is_shown_once_and_ends_with_the_next(api, run, http):
    name = f"alerts {next(numbers)}"
    id_ = json.loads(run(api.url, "sources", "create", name, "--stop", "2", "--target", "4", "--json"))["id"]
    shown = run(api.url, "sources", "rotate-secret", name)
    place = shown.split("alerts go to  ")[1].strip()
    (await http.post(place, content="symbol=BTCUSDT side=long")).raise_for_status()
    secret = place.split("/")[-2]
    told = [run(api.url, "sources", *each) for each in (["show", name], ["show", name, "--json"], ["list"])]
    assert secret in shown
    assert secret not in "".join(told)
    assert "say --yes" in run(api.url, "sources", "rotate-secret", str(id_), code=2)
    (await http.post(place, content="symbol=ETHUSDT side=long")).raise_for_status()
    new = json.loads(run(api.url, "sources", "rotate-secret", str(id_), "--yes", "--json"))
    assert (await http.post(place, content="symbol=BTCUSDT side=short")).status_code == 404
    await http.post(f"{api.url}{new['path']}", content="symbol=BTCUSDT side=sideways")
    counted = run(api.url, "sources", "statistics", name)
    assert "1 REJECTED" in counted
    assert "followers    1" in counted
