"""Which market a data folder lives on, and where a simulated one resumes."""

import random
from decimal import Decimal
from pathlib import Path

import msgspec

from deploy.local.errors import StackError

FILE = "market.json"
RECORDED = "recorded:"
BINANCE = "binance"
SIMULATOR = "simulator"
CHECKPOINT_SECONDS = 1.0
# A kill may fall between a price served and the checkpoint after it: resuming that much later than the checkpoint
# (wall seconds, times the speed) keeps exchange time from ever running backwards.
RESUME_MARGIN_SECONDS = 5 * CHECKPOINT_SECONDS


class MarketRecord(msgspec.Struct):
    """`market` as asked for, the `seed` of its prices, the newest exchange time known (epoch ms, None: never ran).

    Only a market that has run binds the folder to itself.
    """

    market: str
    seed: int
    time_ms: int | None = None

    def resume_ms(self, speed: Decimal, now_ms: int) -> int | None:
        """Exchange time to start at; None: where the market itself begins (a recording's first bar, or now)."""
        if self.time_ms is None:
            return None
        after_last = self.time_ms + int(1000 * RESUME_MARGIN_SECONDS * float(speed))
        if self.market.startswith(RECORDED):
            return after_last
        return after_last if after_last > now_ms else None


def normal_market(market: str) -> str:
    """The market's name with a recording's folder made absolute. Raises StackError for an unknown one."""
    if market in (SIMULATOR, BINANCE):
        return market
    folder = Path(market.removeprefix(RECORDED))
    if not market.startswith(RECORDED):
        raise StackError(f"unknown market {market!r}: simulator, binance or recorded:DIR")
    if not folder.is_dir():
        raise StackError(f"{folder} is not a folder of recorded candles")
    return RECORDED + str(folder.resolve())


def open_record(folder: Path, market: str) -> MarketRecord:
    """The folder's record, or a new one, to be saved when the market has run.

    Raises StackError when the folder's trades live on another market: prices of one must not judge the other's.
    """
    path = folder / FILE
    if not path.exists():
        return MarketRecord(market, random.randrange(2**31))
    try:
        record = msgspec.json.decode(path.read_bytes(), type=MarketRecord)
    except msgspec.DecodeError as error:
        raise StackError(f"{path} is damaged ({error})") from error
    if record.market != market and record.time_ms is not None:
        raise StackError(
            f"the trades in {folder} live on {record.market!r}, whose prices are not those of {market!r}: "
            "go on with that market, or choose another data folder"
        )
    return record if record.market == market else MarketRecord(market, record.seed)


def save_record(folder: Path, record: MarketRecord) -> None:
    """Write the record, whole or not at all."""
    side = folder / f"{FILE}.new"
    side.write_bytes(msgspec.json.encode(record))
    side.replace(folder / FILE)
