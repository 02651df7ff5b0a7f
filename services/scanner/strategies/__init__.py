"""The strategies that come with the product, one a file. ALL lists them."""

from typing import Any

from services.scanner.strategies.donchian import Donchian
from services.scanner.strategies.ema_adx import EmaAdx
from services.scanner.strategies.macd import Macd
from services.scanner.strategies.rsi_bollinger import RsiBollinger
from services.scanner.strategies.squeeze import Squeeze
from services.scanner.strategies.volume_spike import VolumeSpike
from services.scanner.strategy import Strategy

ALL: tuple[type[Strategy[Any]], ...] = (EmaAdx, Donchian, RsiBollinger, Macd, Squeeze, VolumeSpike)
