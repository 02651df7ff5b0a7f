"""What a strategy is: declared parameters, entries on closed candles, and stop and targets by the average true range.

A strategy says where to enter; where stop and targets lie is the same for all of them, in ATRs from the close:
J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section III.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
import numpy as np
import talib
from msgspec import Meta
from numpy.typing import NDArray

from services.scanner.series import Candles, Flags, Floats

LOOKBACK_MAX = 300
"""No strategy may want more candles than this before it speaks: a scan loads LOADED of them."""
LOADED = 400

Period = Annotated[int, Meta(ge=2, le=200)]
Factor = Annotated[float, Meta(gt=0, le=20)]


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every strategy lets one set: where stop and targets lie.

    atr_period   candles of the average true range
    stop_atr     distance of the stop from the close, in ATRs
    targets_atr  distances of the targets, in ATRs, ascending; each closes an equal share
    """

    atr_period: Annotated[int, Meta(ge=2, le=100)] = 14
    stop_atr: Factor = 2.0
    targets_atr: Annotated[tuple[Annotated[float, Meta(gt=0, le=50)], ...], Meta(min_length=1, max_length=5)] = (3.0,)

    def __post_init__(self) -> None:
        """Raises ValueError where parameters contradict each other; subclasses call it, too."""
        if any(after <= before for before, after in zip(self.targets_atr, self.targets_atr[1:], strict=False)):
            raise ValueError("targets_atr must ascend")


@dataclass(frozen=True, eq=False)
class Entries:
    """For each candle whether its close is an entry, LONG or SHORT, and the confidence (0 to 1) if it is."""

    long: Flags
    short: Flags
    confidence: Floats


@dataclass(frozen=True, eq=False)
class Signals:
    """Entries with their exits, an element a candle: side is +1, -1, or 0 for none; targets have a row each."""

    side: NDArray[np.int8]
    stop: Floats
    targets: Floats
    confidence: Floats

    def indices(self) -> list[int]:
        """The candles that carry a signal, ascending."""
        return [int(index) for index in np.flatnonzero(self.side)]


P = TypeVar("P", bound=Parameters)


class Strategy(ABC, Generic[P]):
    """A way to see entries. Subclasses have a name, a kind, a type of parameters, a lookback and `entries`.

    `entries` sees every closed candle there is, oldest first, and must not use one to decide about an earlier one.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    parameters_type: ClassVar[type[Any]]

    def __init__(self, parameters: P | None = None) -> None:
        self.parameters: P = self.parameters_type() if parameters is None else parameters

    @property
    @abstractmethod
    def lookback(self) -> int:
        """How many candles it wants before it speaks: until its averages have forgotten where they began."""

    @abstractmethod
    def entries(self, candles: Candles) -> Entries:
        """The entries, an element a candle."""

    def signals(self, candles: Candles) -> Signals:
        """The entries with stop and targets; none before the lookback, nor where the range is not known.

        Raises ValueError for entries of another length than the candles.
        """
        settings, count = self.parameters, len(candles)
        if count < self.lookback:
            return _none(count, len(settings.targets_atr))
        found = self.entries(candles)
        if any(len(part) != count for part in (found.long, found.short, found.confidence)):
            raise ValueError(f"{self.name}: entries() must give one element a candle")
        atr = talib.ATR(candles.high, candles.low, candles.close, settings.atr_period)
        speaks = np.isfinite(atr) & (atr > 0) & (found.long ^ found.short)
        speaks[: self.lookback - 1] = False
        side = np.where(speaks, np.where(found.long, 1, -1), 0).astype(np.int8)
        away = side * np.nan_to_num(atr)
        return Signals(
            side=side,
            stop=candles.close - settings.stop_atr * away,
            targets=np.array([candles.close + factor * away for factor in settings.targets_atr]),
            confidence=np.clip(np.nan_to_num(found.confidence), 0.0, 1.0),
        )


def _none(count: int, targets: int) -> Signals:
    nothing = np.zeros(count)
    return Signals(nothing.astype(np.int8), nothing, np.zeros((targets, count)), nothing)
