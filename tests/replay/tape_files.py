"""Known tapes as recordings for replays, laid out as Binance's dumps: minutes, and what else of them shall be had."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from tests.oracle.plans import MINUTE
from tests.replay.desk import DAY, ms
from tests.replay.tapes import SECOND, STEP, Prices, Tape
from tests.simulator.recordings import write

SYMBOL = "AUSDT"
_FOLDERS = {"SPOT": "spot", "FUTURES": "futures/um"}
_MICROSECONDS = {"SPOT": 1000, "FUTURES": 1}
"""How many of a file's units a millisecond is: spot's are microseconds since 2025."""


def record(folder: Path, tape: Tape, *, finer: Collection[str]) -> None:
    """The minutes of `tape`, its mark price and funding if it has such, and `finer` of it: seconds, prints."""
    traded = Counter(time // MINUTE for time, _ in tape.prints)
    _klines(folder, tape, "klines", MINUTE, tape.bars(), traded)
    if tape.marks:
        _klines(folder, tape, "markPriceKlines", MINUTE, tape.bars(mark=True), Counter())
    if tape.rates:
        rows = [f"{ms(DAY) + time},8,{rate}" for time, rate in tape.rates]
        write(folder, f"futures/um/monthly/fundingRate/{SYMBOL}/{SYMBOL}-fundingRate-2025-03.csv", rows)
    if "seconds" in finer:
        _klines(folder, tape, "klines", SECOND, _every_second(tape), Counter(time // SECOND for time, _ in tape.prints))
    if "prints" in finer:
        unit = _MICROSECONDS[tape.market]
        told = enumerate(tape.prints)
        rows = [f"{n},{tape.tick * price},1,{n},{n},{(ms(DAY) + time) * unit},true,true" for n, (time, price) in told]
        write(folder, f"{_FOLDERS[tape.market]}/daily/aggTrades/{SYMBOL}/{SYMBOL}-aggTrades-2025-03-01.csv", rows)
    _write_grid(folder, tape)


def _every_second(tape: Tape) -> Iterable[tuple[int, Prices]]:
    """Seconds with prints, and those between them as the exchange tells them: at the last price."""
    known = dict(tape.bars(SECOND))
    prices = tape.bars(SECOND)[0][1]
    for number in range(min(known), max(known) + 1):
        prices = known.get(number, (prices[3],) * 4)
        yield number, prices


def _klines(
    folder: Path, tape: Tape, kind: str, length: int, bars: Iterable[tuple[int, Prices]], traded: Counter[int]
) -> None:
    """`traded` is how many prints each bar has."""
    unit, interval = _MICROSECONDS[tape.market], "1s" if length == SECOND else "1m"
    rows = []
    for number, prices in bars:
        opened = (ms(DAY) + number * length) * unit
        volume = traded[number]
        rows.append(f"{opened},{','.join(map(str, prices))},{volume},{opened + length * unit - 1},{volume},{volume}")
    place = f"{_FOLDERS[tape.market]}/daily/{kind}/{SYMBOL}/{interval}/{SYMBOL}-{interval}-2025-03-01.csv"
    write(folder, place, rows)


def _write_grid(folder: Path, tape: Tape) -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": f"{tape.tick:f}"},
        {"filterType": "LOT_SIZE", "stepSize": str(STEP), "minQty": str(STEP)},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ]
    row = {
        "symbol": SYMBOL,
        "status": "TRADING",
        "baseAsset": SYMBOL.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "filters": filters,
    }
    contract = {"contractType": "PERPETUAL"} if tape.market == "FUTURES" else {}
    (folder / "exchangeInfo.json").write_text(json.dumps({"symbols": [row | contract]}))
