from decimal import Decimal

import pytest

from deploy.local.errors import StackError
from deploy.local.market_record import RESUME_MARGIN_SECONDS, MarketRecord, normal_market, open_record, save_record

NOW = 1_800_000_000_000
MARGIN_MS = int(1000 * RESUME_MARGIN_SECONDS)


def test_the_seed_stays_with_the_folder(tmp_path):
    first = open_record(tmp_path, "simulator")
    first.time_ms = NOW
    save_record(tmp_path, first)
    assert open_record(tmp_path, "simulator") == first


def test_a_folder_does_not_change_its_market(tmp_path):
    record = open_record(tmp_path, "simulator")
    record.time_ms = NOW
    save_record(tmp_path, record)
    with pytest.raises(StackError, match=r"live on 'simulator'.*another data folder"):
        open_record(tmp_path, "binance")


def test_a_market_that_never_ran_binds_nothing(tmp_path):
    save_record(tmp_path, open_record(tmp_path, "recorded:/x"))
    assert open_record(tmp_path, "simulator").market == "simulator"


@pytest.mark.parametrize(
    ("market", "time_ms", "speed", "expected"),
    [
        ("simulator", None, 1, None),  # never ran: begins now
        ("simulator", NOW - 60_000, 1, None),  # the market went on without us
        ("simulator", NOW + 3_600_000, 1, NOW + 3_600_000 + MARGIN_MS),  # ran ahead of the wall clock once
        ("simulator", NOW - 1, 60, NOW - 1 + 60 * MARGIN_MS),  # a second of its time is a minute
        ("recorded:/x", None, 60, None),  # begins with the first bar
        ("recorded:/x", 5_000, 10, 5_000 + 10 * MARGIN_MS),
    ],
)
def test_exchange_time_resumes_after_the_last_that_was_seen(market, time_ms, speed, expected):
    assert MarketRecord(market, 7, time_ms).resume_ms(Decimal(speed), NOW) == expected


def test_markets_are_checked_and_recordings_made_absolute(tmp_path, monkeypatch):
    (tmp_path / "tape").mkdir()
    monkeypatch.chdir(tmp_path)
    assert normal_market("recorded:tape") == f"recorded:{tmp_path / 'tape'}"
    assert normal_market("binance") == "binance"
    with pytest.raises(StackError, match="unknown market"):
        normal_market("kraken")
    with pytest.raises(StackError, match="not a folder"):
        normal_market("recorded:absent")
