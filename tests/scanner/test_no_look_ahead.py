"""No strategy sees the future: signals on a prefix are those of the whole, cut to the prefix."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scanner.registry import load
from services.scanner.series import Candles
from services.scanner.strategy import Entries, Parameters, Strategy
from tests.scanner.markets import from_closes, random_walk, recorded
from tests.simulator.recordings import needs_recordings

STRATEGIES = load().strategies
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES.keys())


@st.composite
def markets(draw) -> Candles:
    if draw(st.booleans()):
        return random_walk(
            draw(st.integers(0, 10_000)), draw(st.integers(150, 420)), step=draw(st.sampled_from([0.001, 0.02]))
        )
    # Few levels: ties, flat stretches and exact touches.
    closes = draw(st.lists(st.integers(95, 105), min_size=150, max_size=260))
    volume = draw(st.lists(st.sampled_from([0, 1, 10, 200]), min_size=len(closes), max_size=len(closes)))
    return from_closes(closes, volume=volume, wick=draw(st.sampled_from([0.0, 0.01])))


def same_up_to(strategy: Strategy, candles: Candles, cut: int) -> None:
    whole, prefix = strategy.signals(candles), strategy.signals(candles.head(cut))
    assert np.array_equal(prefix.side, whole.side[:cut])
    spoken = prefix.indices()
    for name in ("stop", "confidence"):
        assert np.array_equal(getattr(prefix, name)[spoken], getattr(whole, name)[:cut][spoken])
    assert np.array_equal(prefix.targets[:, spoken], whole.targets[:, :cut][:, spoken])


@every_strategy
@settings(max_examples=60, deadline=None)
@given(candles=markets(), share=st.floats(0, 1))
def test_a_prefix_tells_the_same(strategy, candles, share):
    same_up_to(strategy, candles, round(share * len(candles)))


@every_strategy
def test_each_prefix_that_ends_in_a_signal_tells_it(strategy):
    """Prefixes that end where something happens: those a scan sees."""
    seen = 0
    for seed in range(6):
        candles = random_walk(seed, 1500)
        for index in strategy.signals(candles).indices():
            same_up_to(strategy, candles, index + 1)
            seen += 1
    assert seen >= 10, "the market of this test must move the strategy"


@every_strategy
@needs_recordings
def test_real_prefixes_tell_the_same(strategy):
    for symbol in ("BTCUSDT", "ETHUSDT", "LAYERUSDT"):
        candles = recorded(symbol, timedelta(minutes=5))
        found = strategy.signals(candles).indices()
        for cut in {*(index + 1 for index in found), len(candles) // 2, len(candles) - 1}:
            same_up_to(strategy, candles, cut)


@every_strategy
def test_the_window_of_a_scan_tells_what_the_whole_history_does(strategy):
    """A scan loads the last candles only: what averages remember from before is below what decides."""
    different = total = 0
    for seed in range(4):
        candles = random_walk(100 + seed, 1500)
        whole = strategy.signals(candles)
        for end in range(420, 1500):
            window = strategy.signals(candles.head(end).tail(400))
            total += int(whole.side[end - 1] != 0)
            different += int(window.side[-1] != whole.side[end - 1])
    assert total > 5
    assert different <= total / 20


class Peeking(Strategy[Parameters]):
    """Looks at the next candle."""

    name, kind, parameters_type = "peeking", "cheat", Parameters
    lookback = 20

    def entries(self, candles: Candles) -> Entries:
        rises = np.append(candles.close[1:] > candles.close[:-1], False)
        return Entries(rises, ~rises, np.ones(len(candles)))


def test_a_peeking_strategy_is_caught():
    market, whole = random_walk(1, 300), Peeking().signals(random_walk(1, 300)).side
    cut = next(cut for cut in range(200, 220) if whole[cut - 1] > 0)
    with pytest.raises(AssertionError):
        same_up_to(Peeking(), market, cut)
