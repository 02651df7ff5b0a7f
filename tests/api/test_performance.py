"""What closed trades came to, over HTTP."""

import pytest

from services.db import accounts, instruments, settlement
from services.domain.plan import Direction
from services.domain.trade import Reason
from tests.evaluation.desk import START, Desk
from tests.metrics.deals import Deal, closings

DAY = 24 * 60
DEALS = (
    # From 100 with a quantity of 1 and 5 USDT at risk; gross +4, -3, +2 (a SHORT), +1.
    Deal(0, 1, Direction.LONG, "scanner", Reason.TAKE_PROFIT, 0, 60, 104),
    Deal(0, 1, Direction.LONG, "scanner", Reason.STOP_LOSS, 60, 60, 97, ambiguous=True),
    Deal(0, 2, Direction.SHORT, "tv", Reason.TAKE_PROFIT, DAY, 60, 98),
    Deal(0, 0, Direction.LONG, "tv", Reason.MANUAL, 2 * DAY, 30, 101),
)


@pytest.fixture
async def trades(api, services):
    """The deals, closed on the owner's account."""
    desk = Desk(services.pool)
    async with services.pool.connection() as connection:
        desk.instruments = {(each.market, each.symbol): each for each in await instruments.listed(connection)}
        owner = await accounts.local_owner(connection)
    changes = await closings(desk, DEALS, [owner.account_id])
    async with services.pool.connection() as connection:
        await settlement.settle_and_commit(connection, changes, at=START)
    return [change.after for change in changes]


async def ask(api, **query):
    answer = await api.http.get("/api/paper-trades/performance/", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_nothing_is_made_up_before_the_first_close(api):
    found = await ask(api, days=30)
    assert (found["total_trades"], found["win_rate"], found["profit_factor"], found["max_drawdown"]) == (0, *[None] * 3)
    assert (found["sharpe_ratio"], found["groups"], found["capital"]) == (None, [], "100000")


async def test_figures_of_all_and_of_some(api, trades):
    # Fees of futures 0.05 % each way: 0.102, 0.0985, 0.099; of spot 0.1 %: 0.201.
    nets = ["3.898", "-3.0985", "1.901", "0.799"]
    assert [str(trade.profit_loss.normalize()) for trade in trades] == nets
    found = await ask(api)
    assert (found["total_trades"], found["winning_trades"], found["losing_trades"]) == (4, 3, 1)
    assert (found["win_rate"], found["ambiguous_share"]) == ("75.00", "25.00")
    assert float(found["total_profit_loss"]) == 3.4995
    assert found["profit_factor"] == "2.1294"  # 6.598 / 3.0985
    assert float(found["total_fees"]) == 0.5005
    assert found["average_duration_hours"] == "0.9028"  # (60 + 60 + 60 + 30 minutes and 104 + 97 + 98 + 101 s) / 4
    assert float(found["max_drawdown"]["amount"]) == 3.0985
    assert found["max_drawdown"]["start"] == "2026-07-01T13:01:44Z"
    assert found["max_drawdown"]["end"] == "2026-07-01T14:01:37Z"
    assert found["max_drawdown"]["recovery"] is None  # 3.4995 stays below 3.898
    assert (found["longest_winning_streak"], found["longest_losing_streak"]) == (2, 1)
    assert found["average_r_multiple"] == "0.1750"  # (0.7796 - 0.6197 + 0.3802 + 0.1598) / 4
    for query, total in (
        ({"market_type": "FUTURES"}, 3),
        ({"symbol": "BTCUSDT"}, 3),
        ({"symbol": "BTCUSDT", "market_type": "SPOT"}, 1),
        ({"direction": "SHORT"}, 1),
        ({"source": "tv"}, 2),
        ({"from": "2026-07-02"}, 2),
        ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-03"}, 3),
        ({"symbol": "BTCUSDT", "source": "scanner", "to": "2026-07-02"}, 2),
    ):
        assert (await ask(api, **query))["total_trades"] == total, query
    assert (await ask(api, **{"from": "2026-07-02"}))["capital"] == "100000.79950000"  # 100000 + 3.898 - 3.0985


GROUPS = {
    "symbol": [("BTCUSDT", "FUTURES", 2), ("BTCUSDT", "SPOT", 1), ("ETHUSDT", "FUTURES", 1)],
    "direction": [("LONG", None, 3), ("SHORT", None, 1)],
    "market": [("FUTURES", None, 3), ("SPOT", None, 1)],
    "source": [("scanner", None, 2), ("tv", None, 2)],
    "day": [("2026-07-01", None, 2), ("2026-07-02", None, 1), ("2026-07-03", None, 1)],
    "hour": [("12", None, 1), ("13", None, 2), ("14", None, 1)],
    "exit_reason": [("manual", None, 1), ("stop_loss", None, 1), ("take_profit", None, 2)],
}


async def test_groups(api, trades):
    for group_by, expected in GROUPS.items():
        found = await ask(api, group_by=group_by)
        groups = [(group["key"], group["market_type"], group["total_trades"]) for group in found["groups"]]
        assert groups == expected
        assert sum(float(group["total_profit_loss"]) for group in found["groups"]) == pytest.approx(3.4995)
        if group_by == "source":
            assert [group["ambiguous_share"] for group in found["groups"]] == ["50.00", "0.00"]


async def test_a_trade_tells_how_far_it_went(api, trades):
    found = (await api.http.get(f"/api/paper-trades/{trades[1].id}/")).json()
    assert (float(found["mae"]), float(found["mfe"]), found["mae_r"], found["mfe_r"]) == (-3, 0, "-0.6000", "0.0000")
    assert found["r_multiple"] == "-0.6197"


async def test_refusals(api):
    for query, code in (
        ({"days": 3, "from": "2026-07-01"}, "two_spans"),
        ({"from": "2026-07-01T12:00:00Z"}, "not_a_day"),
        ({"to": "soon"}, "bad_time"),
        ({"group_by": "colour"}, "invalid_request"),
        ({"symbol": ""}, "bad_text"),
    ):
        answer = await api.http.get("/api/paper-trades/performance/", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_the_contract_names_the_ways_to_group(api):
    document = (await api.http.get("/api/openapi.json")).json()
    parameters = document["paths"]["/api/paper-trades/performance"]["get"]["parameters"]
    assert {each["name"] for each in parameters} == {
        "days", "from", "to", "market_type", "symbol", "direction", "source", "group_by", "account_id"
    }  # fmt: skip
    assert "max_drawdown" in document["components"]["schemas"]["Performance"]["properties"]
