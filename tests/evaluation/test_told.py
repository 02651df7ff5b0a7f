"""Every closing is counted once, by whatever it came, and every trade a transaction settled is named in the log."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.domain.market import Market
from services.usecases.delist import declare_delisted, end_delisted
from services.usecases.judge_paths import judge_paths
from services.usecases.tell_settled import IDS_TOLD
from tests.evaluation.desk import Desk, bar, path
from tests.evaluation.exchange import stage

BEGIN = datetime(2026, 7, 1, 8, 0, 10, tzinfo=UTC)
MANY = 2 * IDS_TOLD + 20


def counted(status: str, reason: str) -> float:
    labels = {"status": status, "exit_reason": reason}
    return REGISTRY.get_sample_value("paperfleet_trades_closed_total", labels) or 0


def named(logs: list[dict], name: str) -> list[int]:
    lines = [line[name] for line in logs if line["event"] == "settled"]
    assert max(map(len, lines)) <= IDS_TOLD
    return sorted(id_ for line in lines for id_ in line)


async def test_what_the_path_closes(desk: Desk):
    ids = await desk.add_many(MANY, "95", "200")
    won = await desk.add(stop="90", target="104")
    stops, targets = counted("CLOSED_SL", "stop_loss"), counted("CLOSED_TP", "take_profit")
    message = [path(desk.instrument(), 0, 1, [bar(0, "100", "105", "94", "94")])]
    with capture_logs() as logs:
        await judge_paths(desk.pool, message)
        await judge_paths(desk.pool, message)
    assert counted("CLOSED_SL", "stop_loss") - stops == MANY
    assert counted("CLOSED_TP", "take_profit") - targets == 1
    assert named(logs, "closed") == sorted([*ids, won.id])


async def test_what_ends_with_its_pair(database_url: str, redis_url: str):
    async with stage(database_url, redis_url, BEGIN) as play:
        held = await play.open(Market.SPOT, "ADAUSDT")
        await play.simulator.set_listing(Market.SPOT, "ADAUSDT", status="BREAK")
        await play.refresh(Market.SPOT, BEGIN + timedelta(days=1))
        before = counted("CLOSED_EXPIRED", "delisted")
        with capture_logs() as logs:
            async with play.visit() as services:
                await declare_delisted(services, Market.SPOT, "ADAUSDT", BEGIN + timedelta(minutes=10), Decimal("0.25"))
                await play.simulator.add_fault("400", path_prefix="/api/v3/klines", symbol="ADAUSDT", code=-1121)
                assert await end_delisted(services, Market.SPOT) == ["ADAUSDT"]
    assert counted("CLOSED_EXPIRED", "delisted") - before == 1
    assert named(logs, "closed") == [held]
