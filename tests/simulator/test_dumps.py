"""The reader of public dumps: what a folder holds, every form of its files, and what it says of broken ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.binance.dumps import (
    Kind,
    exchange_symbols,
    read_bars,
    read_klines,
    read_prints,
    read_trades,
    recordings,
)
from services.domain.errors import InvalidData
from services.domain.market import Market
from services.domain.path import Bar, print_bar
from tests.simulator.recordings import REAL, needs_recordings, write

DAY = datetime(2025, 3, 1, tzinfo=UTC)
MS = int(DAY.timestamp() * 1000)
NAMES = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,ignore"
BAR = Bar(DAY, DAY + timedelta(seconds=59.999), *map(Decimal, ("10.5", "12", "9", "11")))
SPOT = "spot/daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01"


@pytest.mark.parametrize("suffix", [".csv", ".zip"])
@pytest.mark.parametrize(
    "lines",
    [
        [f"{MS},10.5,12,9,11,7.25,{MS + 59999},80,42,1,1,0"],
        [NAMES, f"{MS},10.5,12,9,11,7.25,{MS + 59999},80,42,1,0"],
        ["close,open_time,high,low,open,count,volume", f"11,{MS}000,12,9,10.5,42,7.25"],
        [f"{MS}000,10.5,12,9,11,7.25,{MS + 59999}999,80,42,1,1,0", "", f"{MS}000,10.5,12,9,11,7.25,0,80,42"],
    ],
    ids=["bare, ms", "header", "columns elsewhere, us", "repeated row"],
)
def test_klines_in_every_form(tmp_path, suffix, lines):
    write(tmp_path, SPOT + suffix, lines)
    (recording,) = recordings(tmp_path)
    assert (recording.market, recording.symbol, recording.kind) == (Market.SPOT, "AUSDT", Kind.KLINES)
    (kline,) = read_klines(recording.files[0], recording.interval)
    assert kline.bar == BAR
    assert (kline.volume, kline.trades) == (Decimal("7.25"), 42)


def test_missing_columns_are_none(tmp_path):
    write(tmp_path, SPOT + ".csv", ["open_time,open,high,low,close", f"{MS},10.5,12,9,11"])
    (kline,) = read_klines(recordings(tmp_path)[0].files[0], "1m")
    assert (kline.bar, kline.volume, kline.trades) == (BAR, None, None)


def test_a_month_stands_for_its_days(tmp_path):
    bar = f"{MS},10.5,12,9,11"
    for place in ("daily/klines/AUSDT/1m/AUSDT-1m-2025-03-01.zip", "monthly/klines/AUSDT/1m/AUSDT-1m-2025-03.zip"):
        write(tmp_path, f"futures/um/{place}", [bar])
    for day in (27, 28):
        write(tmp_path, f"futures/um/daily/klines/AUSDT/1m/AUSDT-1m-2025-02-{day}.csv", [bar])
    write(tmp_path, "futures/um/daily/klines/AUSDT/1m/AUSDT-1m-2025-02-28.zip.CHECKSUM", ["abc"])
    write(tmp_path, "futures/um/daily/markPriceKlines/AUSDT/1m/AUSDT-1m-2025-02-28.csv", [bar])
    write(tmp_path, "spot/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-02-28.csv", ["1,1,1,1,1,1,true,true"])
    found = {(item.market, item.kind, item.interval): item for item in recordings(tmp_path)}
    assert found.keys() == {
        (Market.FUTURES, Kind.KLINES, "1m"),
        (Market.FUTURES, Kind.MARK_PRICE_KLINES, "1m"),
        (Market.SPOT, Kind.AGG_TRADES, ""),
    }
    files = found[Market.FUTURES, Kind.KLINES, "1m"].files
    assert [file.path.stem for file in files] == ["AUSDT-1m-2025-02-27", "AUSDT-1m-2025-02-28", "AUSDT-1m-2025-03"]
    assert (files[2].start, files[2].end) == (DAY, datetime(2025, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "lines",
    [
        [f"7,10.5,2,70,71,{MS}123,True,True"],
        [
            "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
            f"7,10.5,2,70,71,{MS},true",
        ],
    ],
)
def test_aggregate_trades(tmp_path, lines):
    write(tmp_path, "futures/um/daily/aggTrades/AUSDT/AUSDT-aggTrades-2025-03-01.zip", lines)
    (recording,) = recordings(tmp_path)
    (trade,) = read_trades(recording.files[0])
    assert (trade.id, trade.price, trade.quantity, trade.buyer_is_maker) == (7, Decimal("10.5"), Decimal(2), True)
    assert trade.time - DAY < timedelta(milliseconds=1)
    assert list(read_prints(recording.files[0])) == [print_bar(trade.time, trade.price)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{MS},10.5,12,9,NaN", "not a finite number: 'NaN'"),
        (f"{MS},10.5,12,0,11", "above zero"),
        (f"{MS},10.5,12,11,11", "inconsistent prices"),
        (f"{MS},10.5,12,9", "no close"),
        ("tomorrow,10.5,12,9,11", "invalid literal"),
        (f"{MS - 120_000},10.5,12,9,11", "not in ascending order"),
    ],
)
def test_a_broken_row_is_named_by_file_and_line(tmp_path, row, reason):
    path = write(tmp_path, SPOT + ".csv", [f"{MS - 60_000},10,12,9,11", row])
    with pytest.raises(InvalidData) as error:
        list(read_bars(recordings(tmp_path)[0].files[0], "1m"))
    assert str(error.value).startswith(f"{path}, line 2: ")
    assert reason in str(error.value)


def test_broken_archives_and_empty_folders_are_told(tmp_path):
    with pytest.raises(InvalidData, match="no recorded data"):
        recordings(tmp_path)
    path = write(tmp_path, SPOT + ".csv", ["not a zip"])
    path.rename(path.with_suffix(".zip"))
    with pytest.raises(InvalidData, match=r"2025-03-01\.zip"):
        list(read_bars(recordings(tmp_path)[0].files[0], "1m"))
    (tmp_path / "exchangeInfo.json").write_text("[]")
    with pytest.raises(InvalidData, match=r"exchangeInfo\.json"):
        exchange_symbols(tmp_path)


def test_exchange_info_is_split_by_market(tmp_path):
    (tmp_path / "exchangeInfo.json").write_text('{"symbols":[{"symbol":"A"},{"symbol":"B","contractType":"X"}]}')
    (tmp_path / "spot").mkdir()
    (tmp_path / "spot" / "exchangeInfo.json").write_text('{"symbols":[{"symbol":"C"}]}')
    found = exchange_symbols(tmp_path)
    assert [row["symbol"] for row in found[Market.SPOT]] == ["A", "C"]
    assert [row["symbol"] for row in found[Market.FUTURES]] == ["B"]


@needs_recordings
def test_the_recordings_are_read_whole():
    found = recordings(REAL)
    assert len(found) == 21
    crash = next(item for item in found if (item.market, item.symbol) == (Market.FUTURES, "ETHUSDT"))
    bars = {bar.open_time: bar for file in crash.files for bar in read_bars(file, crash.interval)}
    assert len(bars) == len(crash.files) * 1440
    minute = bars[datetime(2025, 2, 3, 2, 7, tzinfo=UTC)]
    assert minute.high / minute.low > Decimal("1.14")
