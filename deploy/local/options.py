"""What `paperfleet up` can be asked for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

PORT = 8000


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The local run's choices.

    folder    the data folder, made at first use
    port      where the API listens on loopback; None: 8000, or a free one if that is taken
    workers   how many worker processes, at least 1
    market    "simulator", "binance", or "recorded:DIR" (candles of a folder, replayed)
    speed     exchange seconds per wall second of a simulated or recorded market
    start     exchange time at which a recording begins in a new data folder; None: with its first candle
    verbose   show every output line of every process
    """

    folder: Path = Path(".paperfleet")
    port: int | None = None
    workers: int = 2
    market: str = "simulator"
    speed: Decimal = Decimal(1)
    start: datetime | None = None
    verbose: bool = False
