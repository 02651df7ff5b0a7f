"""The whole fleet is dead for two hours of the market: every trade ends as if it had not been."""

from datetime import timedelta

from tests.fleet.conftest import END
from tests.fleet.fleet import judged_to, violations
from tests.fleet.orders import rows
from tests.fleet.stage import Stage
from tests.fleet.tape import START

OUTAGE = timedelta(hours=2)


async def test_after_an_outage_of_two_hours_every_trade_is_where_it_would_have_been(stage: Stage, undisturbed):
    await stage.run()
    await stage.judged(START + timedelta(minutes=30))
    stage.fleet.kill()
    assert judged_to(stage.settings) < START + OUTAGE
    live = [row for row in rows(stage.settings) if row.outcome.exit_price is None]
    assert violations(stage.settings) == []

    await stage.simulator.set_clock(advance_ms=OUTAGE // timedelta(milliseconds=1))
    await stage.fleet.start()
    await stage.judged(END)
    await stage.fleet.stop()
    assert rows(stage.settings) == undisturbed.rows
    assert violations(stage.settings) == []
    closed_by_now = {row.number for row in undisturbed.rows if row.outcome.exit_price}
    assert len(closed_by_now & {row.number for row in live}) > 20
