"""Last price beside mark price in the cascade of October 10th, 2025: the mark price liquidates, the last one does not.

The finest recording that has both is of hours. Plans are those that the rules allow, with the shipped brackets and
their stops, which must lie before the liquidation price: what the last price reaches ends at the stop.
"""

import csv
import gzip
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from services.usecases.replay_recording import Fineness
from tests.oracle.futures import is_allowed, liquidation
from tests.replay.desk import ms, plan, run
from tests.simulator.recordings import REAL, write

RECORDED = REAL.parent / "mark" / "usdm_1h_last_and_mark_20251009_20251012.csv.gz"
HOUR = timedelta(hours=1)
CRASH = datetime(2025, 10, 10, 21, tzinfo=UTC)
LEVERAGES = (3, 10, 20, 30, 50)
NEAR = Decimal("1e-5")
"""How far before the liquidation price the stop lies, as a fraction of it."""
Rows = dict[int, tuple[Decimal, Decimal, Decimal, Decimal]]
"""Open, high, low and close by ms."""

pytestmark = pytest.mark.skipif(not RECORDED.is_file(), reason=f"no recorded mark prices in {RECORDED}")


class Hours(NamedTuple):
    last: Rows
    mark: Rows


@pytest.fixture(scope="module")
def hours() -> dict[str, Hours]:
    """Of each contract that has both prices."""
    found: dict[str, dict[str, Rows]] = {}
    for row in csv.DictReader(io.StringIO(gzip.decompress(RECORDED.read_bytes()).decode())):
        rows = found.setdefault(row["symbol"], {"last": {}, "mark": {}})[row["kind"]]
        rows[int(row["open_time"])] = tuple(Decimal(row[name]) for name in ("open", "high", "low", "close"))
    return {symbol: Hours(**kinds) for symbol, kinds in found.items() if kinds["mark"]}


@pytest.fixture(scope="module")
def folder(hours: dict[str, Hours], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(
        tmp_path_factory.mktemp("cascade"), {symbol: (each.last, each.mark) for symbol, each in hours.items()}
    )


@pytest.fixture(scope="module")
def mistaken(hours: dict[str, Hours], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the last price taken for the mark price."""
    return record(
        tmp_path_factory.mktemp("mistaken"), {symbol: (each.last, each.last) for symbol, each in hours.items()}
    )


def record(folder: Path, prices: dict[str, tuple[Rows, Rows]]) -> Path:
    for symbol, kinds in prices.items():
        for kind, rows in zip(("klines", "markPriceKlines"), kinds, strict=True):
            lines = [f"{time},{','.join(map(str, rows[time]))},1" for time in sorted(rows)]
            place = f"futures/um/monthly/{kind}/{symbol}/1h/{symbol}-1h-2025-10.csv"
            write(folder, place, ["open_time,open,high,low,close,volume", *lines])
    return folder


def judged(data: Path, plans: list[dict], out: Path) -> list[dict]:
    lines, summary = run(data, plans, out, "optimistic", bars="1h", finer=Fineness.NONE)
    assert not summary.problems
    return lines


def long(symbol: str, opened: datetime, leverage: int, stop: str, limit: str | None = None) -> dict:
    return plan(
        id=symbol,
        market_type="FUTURES",
        symbol=symbol,
        entry_type="LIMIT" if limit else "MARKET",
        entry_price=limit,
        stop_loss=stop,
        take_profit="999999",
        leverage=leverage,
        opened_at=opened.isoformat(),
    )


def test_in_the_hour_of_the_crash_the_mark_price_liquidates_what_the_last_does_not_and_spares_what_it_would(
    hours: dict[str, Hours], folder: Path, mistaken: Path, tmp_path: Path
):
    liquidated = long("VETUSDT", CRASH - HOUR, 2, "0.010335", "0.02052")
    spared = long("ETHUSDT", CRASH.replace(day=9, hour=0), 4, "3410")
    assert liquidation("VETUSDT", 1, Decimal("0.02052"), Decimal(200) / Decimal("0.02052"), 2) == Decimal("0.01032193")
    assert liquidation("ETHUSDT", 1, Decimal("4523.66"), Decimal(400) / Decimal("4523.66"), 4) == Decimal(
        "3406.37048193"
    )
    lows = {symbol: (hours[symbol].last[ms(CRASH)][2], hours[symbol].mark[ms(CRASH)][2]) for symbol in hours}
    assert [str(low) for low in lows["VETUSDT"]] == ["0.010338", "0.01031318"]
    assert [str(low) for low in lows["ETHUSDT"]] == ["3400.0", "3425.34301597"]
    vet, eth = judged(folder, [liquidated, spared], tmp_path)
    # The last price never came to its stop, let alone to its liquidation price; the mark price did.
    assert (vet["status"], vet["exit_reason"], vet["ambiguous"]) == ("CLOSED_LIQUIDATED", "liquidation", False)
    assert vet["exit_time"][:13] == "2025-10-10T21"
    assert vet["evidence"]["exit"]["decided_by"] == "mark"
    assert Decimal(vet["profit_loss"]) == -100 - Decimal("0.04")  # the margin, and the maker fee of 200 USDT
    # The last price went beyond its liquidation price, the mark price did not: it left at its stop, on the way.
    assert (eth["status"], eth["exit_reason"], eth["ambiguous"]) == ("CLOSED_SL", "stop_loss", False)
    assert eth["exit_time"][:13] == "2025-10-10T21"
    assert Decimal(eth["exit_price"]) == 3410
    assert Decimal(eth["profit_loss"]) > -100
    vet, eth = judged(mistaken, [liquidated, spared], tmp_path)
    assert vet["status"] == "OPEN"
    assert eth["ambiguous"]


def test_every_position_of_those_days_ends_by_the_price_that_reached_it(
    hours: dict[str, Hours], folder: Path, mistaken: Path, tmp_path: Path
):
    """Market orders at the open of every third hour, both ways, the stop just before the liquidation price."""
    plans, expected, seen = [], [], 0
    for symbol, each in hours.items():
        times = sorted(each.last.keys() & each.mark.keys())
        for number, sign, leverage in ((n, s, x) for n in range(0, len(times), 3) for s in (1, -1) for x in LEVERAGES):
            entry = each.last[times[number]][0]
            quantity = Decimal(100) * leverage / entry
            level = liquidation(symbol, sign, entry, quantity, leverage)
            stop = None if level is None else level * (1 + sign * NEAR)
            if level is None or not is_allowed(symbol, sign, entry, quantity, leverage, stop):
                continue
            end = ending(each, times[number:], sign, stop, level)
            seen += 1
            if end[0] != "CLOSED_LIQUIDATED" and seen % 10:
                continue  # rare ones all, of the others a tenth
            opened = datetime.fromtimestamp(times[number] / 1000, UTC)
            wish = long(symbol, opened, leverage, f"{stop:.12f}")
            plans.append(
                wish | {"direction": "LONG" if sign > 0 else "SHORT", "take_profit": "999999" if sign > 0 else "1e-9"}
            )
            expected.append(end)
    lines = judged(folder, plans, tmp_path)
    told = [(line["status"], line["ambiguous"], (line["exit_time"] or "")[:13]) for line in lines]
    wrong = [
        (line, wish, end) for line, wish, end, here in zip(lines, plans, expected, told, strict=True) if here != end
    ]
    assert not wrong, (len(wrong), wrong[0])
    # Beyond its liquidation price by the last price only, or by the mark price only:
    assert Counter(status for status, is_flagged, _ in told if not is_flagged).keys() == {
        *("OPEN", "CLOSED_SL", "CLOSED_LIQUIDATED"),
    }
    liquidated = [number for number, line in enumerate(lines) if line["status"] == "CLOSED_LIQUIDATED"]
    assert len(liquidated) >= 3, len(liquidated)
    by_last = judged(mistaken, plans, tmp_path)
    assert not any(by_last[number]["status"] == "CLOSED_LIQUIDATED" for number in liquidated)
    spared = sum(
        line["status"] == "CLOSED_SL" and not line["ambiguous"] and other["ambiguous"]
        for line, other in zip(lines, by_last, strict=True)
    )
    assert spared >= 10, (spared, len(liquidated), len(plans))


def ending(each: Hours, times: list[int], sign: int, stop: Decimal, level: Decimal) -> tuple[str, bool, str]:
    """Status, whether flagged, and the hour, by the rule, hour after hour: the mark's open, the stop, the mark."""
    for time in times:
        opened, high, low, _ = each.mark[time]
        hour = f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%dT%H}"
        is_reached = low <= level if sign > 0 else high >= level
        is_stopped = each.last[time][2] <= stop if sign > 0 else each.last[time][1] >= stop
        if time != times[0] and sign * opened <= sign * level:
            return "CLOSED_LIQUIDATED", False, hour
        if is_stopped:
            jumped = time != times[0] and sign * each.last[time][0] <= sign * stop
            return "CLOSED_SL", is_reached and not jumped, hour
        if is_reached:
            return "CLOSED_LIQUIDATED", False, hour
    return "OPEN", False, ""
