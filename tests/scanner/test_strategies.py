"""Each strategy speaks where its docstring says, with stop and targets by the range, and a confidence from 0 to 1."""

from decimal import Decimal

import numpy as np
import pytest
import talib

from services.domain.candles import Timeframe
from services.domain.plan import Direction
from services.scanner.look import look_at_all
from services.scanner.registry import configured, load
from services.scanner.strategies import ALL
from tests.scanner.markets import FUTURE, SPOT, from_closes, random_walk

STRATEGIES = load().strategies


def sides(name: str, candles) -> dict[int, int]:
    signals = STRATEGIES[name].signals(candles)
    return {index: int(signals.side[index]) for index in signals.indices()}


def mirrored(closes):
    return [200 - close for close in closes]


def flat(count: int) -> list[float]:
    """Around 100, a little up and down."""
    return [100 + 0.2 * (n % 3 - 1) for n in range(count)]


def test_they_are_of_different_kinds_and_say_where_they_come_from():
    assert len({kind.kind for kind in ALL}) == len(ALL) >= 6
    for kind in ALL:
        assert "Source:" in (kind.__doc__ or "")
        assert "Confidence:" in (kind.__doc__ or "")


@pytest.mark.parametrize(("turn", "side"), [(lambda closes: closes, 1), (mirrored, -1)])
class TestEachSide:
    def test_ema_adx_speaks_once_where_a_trend_turns(self, turn, side):
        closes = turn([110 - 0.1 * n for n in range(120)] + [98 + 0.4 * n for n in range(60)])
        found = sides("ema_adx", from_closes(closes))
        assert list(found.values()) == [side]
        assert 120 <= next(iter(found)) <= 140

    def test_donchian_speaks_at_the_first_close_beyond_the_channel(self, turn, side):
        closes = turn([*flat(120), 102, 103, 104, 105])
        assert sides("donchian", from_closes(closes)) == {120: side}

    def test_rsi_bollinger_speaks_where_the_price_comes_back(self, turn, side):
        closes = turn([*flat(130), 98, 96, 93, 90, 87, 93])
        assert sides("rsi_bollinger", from_closes(closes)) == {135: side}

    def test_macd_speaks_where_momentum_returns_in_a_trend(self, turn, side):
        rise = [60 + 0.2 * n for n in range(200)]
        closes = turn([*rise, *(100 - 0.3 * n for n in range(8)), *(98 + 0.6 * n for n in range(8))])
        found = {index: where for index, where in sides("macd", from_closes(closes)).items() if index > 200}
        assert list(found.values()) == [side]
        assert 208 <= next(iter(found)) <= 214

    def test_squeeze_speaks_where_the_band_leaves_the_channel(self, turn, side):
        chance = np.random.default_rng(5)
        loud = list(100 + np.cumsum(chance.standard_normal(100)) * 0.5)
        quiet = [loud[-1] + 0.02 * (n % 2) for n in range(40)]
        closes = turn([*loud, *quiet, *(quiet[-1] + 1.5 * n for n in range(1, 6))])
        found = {index: where for index, where in sides("squeeze", from_closes(closes)).items() if index >= 140}
        assert list(found.values()) == [side]
        assert 140 <= next(iter(found)) <= 142

    def test_volume_spike_speaks_at_a_loud_candle_that_closes_near_its_end(self, turn, side):
        volume = [100.0] * 130
        volume[125] = 1000.0
        closes = [*flat(125), 103, *flat(4)]
        assert sides("volume_spike", from_closes(turn(closes), volume=volume)) == {125: side}
        volume[125] = 300.0
        assert sides("volume_spike", from_closes(turn(closes), volume=volume)) == {}


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())
def test_stop_and_targets_lie_in_ranges_from_the_close(strategy):
    kind = type(strategy)
    strategy = configured(kind, {"stop_atr": "1.5", "targets_atr": "1,2.5,4", "atr_period": "10"})
    candles = random_walk(3, 1500)
    atr = talib.ATR(candles.high, candles.low, candles.close, 10)
    found = list(look_at_all(strategy, FUTURE, Timeframe.H1, candles))
    assert found
    places = {candles.time(index): index for index in range(len(candles))}
    for signal in found:
        index, sign = places[signal.candle_time], signal.direction.sign
        close, unit = Decimal(repr(float(candles.close[index]))), Decimal(float(atr[index])) * sign
        assert signal.price == close
        assert abs(signal.stop_loss - (close - Decimal("1.5") * unit)) <= Decimal("0.01")
        for target, factor in zip(signal.targets, ("1", "2.5", "4"), strict=True):
            assert abs(target.price - (close + Decimal(factor) * unit)) <= Decimal("0.01")
        assert sum(target.fraction for target in signal.targets) == 1
        assert 0 <= signal.confidence <= 1
        assert signal.stop_loss % FUTURE.filters.tick_size == 0


def test_spot_has_no_shorts():
    strategy, candles = STRATEGIES["donchian"], random_walk(9, 1000)
    both = list(look_at_all(strategy, FUTURE, Timeframe.M15, candles))
    spot = list(look_at_all(strategy, SPOT, Timeframe.M15, candles))
    assert {signal.direction for signal in both} == set(Direction)
    assert [each.candle_time for each in spot] == [e.candle_time for e in both if e.direction is Direction.LONG]


def test_the_key_tells_strategy_pair_timeframe_and_candle():
    signal = next(look_at_all(STRATEGIES["donchian"], FUTURE, Timeframe.H1, random_walk(9, 1000)))
    assert signal.key == f"scanner:donchian:FUTURES:AUSDT:1h:{signal.candle_time:%Y%m%dT%H%M}"
    assert (signal.source, signal.closed_at) == ("scanner:donchian", signal.candle_time + Timeframe.H1.length)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_too_few_candles_tell_nothing(strategy, count):
    assert strategy.signals(random_walk(1, 40).head(count)).indices() == []


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())
def test_a_market_that_stands_still_tells_nothing(strategy):
    assert strategy.signals(from_closes([100.0] * 400, wick=0.0)).indices() == []
    assert strategy.signals(from_closes([100.0] * 400, wick=0.0, volume=[0.0] * 400)).indices() == []
