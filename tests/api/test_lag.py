"""Each reason of a lag, brought about where it is kept, as operators are told it."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.coordination import missing
from services.db import instruments
from services.domain.finding import Level
from services.domain.halts import Halted
from services.domain.market import Market
from services.domain.path import MINUTE, Path
from services.usecases.context import Services
from services.usecases.evaluate_trades import evaluate_trades
from services.usecases.examine_fleet import examine_fleet
from services.usecases.halt import halt
from services.usecases.read_lag import LATE_SECONDS, PairLag
from tests.api.running import ROOT, Api, order

BEHIND = 2 * LATE_SECONDS
NOTED = ("budget", "exchange", "quarantined", "bad_data")
Break = Callable[[Services, Api], Awaitable[object]]


async def _pause(services: Services, api: Api) -> None:
    await halt(services, Halted.FLEET, "an audit", "anna")


def _noted(code: str) -> Break:
    """A worker could not have the path, and noted why: `tests/evaluation/test_left_out.py` has it do so."""

    async def note(services: Services, api: Api) -> None:
        await missing.note(services.redis, Market.SPOT, {"BTCUSDT": missing.why(code, f"{code}, by a worker")})

    return note


async def _leave_a_gap(services: Services, api: Api) -> None:
    async with services.pool.connection() as connection:
        (pair,) = await instruments.by_symbols(connection, Market.SPOT, ["BTCUSDT"])
    now = await services.clock.now(Market.SPOT)
    minute = now.replace(second=0, microsecond=0)
    await evaluate_trades(services, [Path(pair.id, minute - MINUTE, minute, ())])


async def _hold(services: Services, api: Api) -> None:
    await _write(services, "UPDATE live_triggers SET held_from = '2026-07-01T12:00Z'")


async def _suspend(services: Services, api: Api) -> None:
    await _write(services, "UPDATE instruments SET status = 'SUSPENDED' WHERE market = 'SPOT' AND symbol = 'BTCUSDT'")


async def _nothing(services: Services, api: Api) -> None: ...


async def _write(services: Services, statement: str, *values: object) -> None:
    async with services.pool.connection() as connection:
        await connection.execute(statement, values)


CASES: list[tuple[str, float, Break, str]] = [
    ("in_time", 0, _nothing, ""),
    ("in_time", LATE_SECONDS / 3, _nothing, ""),
    ("paused", BEHIND, _pause, "an audit"),
    ("halted", BEHIND, _suspend, "SUSPENDED at the exchange"),
    *((code, BEHIND, _noted(code), f"{code}, by a worker") for code in NOTED),
    ("gap", BEHIND, _leave_a_gap, "the path did not reach back to the watermark"),
    ("finer_data", 0, _hold, "a trade is held from 2026-07-01T12:00:00+00:00"),
    ("queue", BEHIND, _nothing, "no worker has got to it"),
]
ELSEWHERE = {"clock": "tests/client/test_operator_commands.py"}


@pytest.mark.parametrize(("reason", "behind", "broken", "text"), CASES)
async def test_a_pair_that_is_behind_is_told_with_its_reason(api, services, reason, behind, broken, text):
    quote = await services.prices.one(Market.SPOT, "BTCUSDT")
    answer = await api.http.post("/api/paper-trades/", json=order("SPOT", "BTCUSDT", quote.last))
    assert answer.status_code == 201, answer.text
    for market in Market:
        now = (await services.clock.now(market)).replace(second=0, microsecond=0)
        await _write(
            services,
            "UPDATE watermarks SET judged_to = %s FROM instruments i WHERE i.id = instrument_id AND i.market = %s",
            now,
            market,
        )
    await _write(
        services,
        """UPDATE watermarks SET judged_to = judged_to - %s FROM instruments i
           WHERE i.id = instrument_id AND i.market = 'SPOT' AND i.symbol = 'BTCUSDT'""",
        timedelta(seconds=behind),
    )
    await broken(services, api)
    found = (await api.http.get("/api/system/lag/", params={"limit": 1000})).json()["results"]
    (pair,) = [each for each in found if (each["market_type"], each["symbol"]) == ("SPOT", "BTCUSDT")]
    assert (pair["reason"], pair["text"]) == (reason, text)
    assert behind <= pair["seconds"] < behind + 120
    if behind:
        assert pair == found[0], "the worst comes first"
    others = {each["reason"] for each in found if each != pair}
    assert others == {"paused" if reason == "paused" else "in_time"}
    (doctor,) = [each for each in await examine_fleet(services, {}) if each.check == "lag"]
    if behind > LATE_SECONDS and reason != "halted":
        assert (doctor.level, reason in doctor.text, reason in doctor.mend) == (Level.ERROR, True, True)
    else:
        assert doctor.level is Level.OK


def test_every_reason_is_tried_and_has_its_row_in_the_runbook():
    reasons = set(re.findall(r"^    (\w+) {2,}", PairLag.__doc__, re.MULTILINE))
    assert {case[0] for case in CASES} | ELSEWHERE.keys() == reasons
    rows = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
    assert rows == reasons - {"in_time"}
    for reason, file in ELSEWHERE.items():
        assert f'"{reason}"' in (ROOT / file).read_text()
