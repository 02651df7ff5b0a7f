"""A signal that a fault of ours cannot decide holds up no other, and is decided when the fault is gone."""

import pytest
from prometheus_client import REGISTRY

from services.domain.market import Market
from services.domain.signal import NewSignal, SignalAction
from services.usecases import close_by_signals, signal_steps, trade_signals
from services.usecases.store_signals import store_signals
from services.usecases.trade_signals import Passed
from tests.signals.saying import coming, rows, says, source_id

DECIDED = """SELECT g.symbol, count(d.*) FROM signals s JOIN instruments g ON g.id = s.instrument_id
             LEFT JOIN signal_decisions d ON d.signal_id = s.id WHERE s.action = %s GROUP BY 1 ORDER BY 1"""
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT")


def leave(symbol: str) -> NewSignal:
    return NewSignal(market_type=Market.FUTURES, symbol=symbol, action=SignalAction.EXIT)


def break_for_one(monkeypatch) -> None:
    """What has to do with ETHUSDT fails, in entries and in exits, until `monkeypatch` undoes it."""

    def break_one(module, name, names_it) -> None:
        whole = getattr(module, name)

        def broken(*args, **named):
            assert not names_it(*args), "a fault of ours"
            return whole(*args, **named)

        monkeypatch.setattr(module, name, broken)

    break_one(trade_signals, "wish_of", lambda _, instrument, *__: instrument.symbol == "ETHUSDT")
    break_one(close_by_signals, "_end", lambda stored, *_: stored.trade.instrument.symbol == "ETHUSDT")


def passed_over() -> float:
    return REGISTRY.get_sample_value("paperfleet_signals_undecidable_total")


@pytest.mark.parametrize("at_once", [1, 3, 200])
async def test_it_is_passed_over_and_decided_when_the_fault_is_gone(services, monkeypatch, at_once):
    monkeypatch.setattr(signal_steps, "PAIRS_MAX", at_once)
    source = await source_id(services, followed=True)
    await store_signals(services, source, coming(*[await says(services, each) for each in SYMBOLS]))
    with monkeypatch.context() as fault:
        break_for_one(fault)
        before = passed_over()
        assert (await trade_signals.trade_signals(services)).trades == 3
        assert passed_over() == before + 1
        assert await trade_signals.trade_signals(services) == Passed()
        assert rows(services, DECIDED, "ENTRY") == [("BNBUSDT", 1), ("BTCUSDT", 1), ("ETHUSDT", 0), ("SOLUSDT", 1)]
    assert (await trade_signals.trade_signals(services)).trades == 1

    await store_signals(services, source, coming(*map(leave, SYMBOLS)))
    with monkeypatch.context() as fault:
        break_for_one(fault)
        assert (await trade_signals.trade_signals(services)).endings == 3
        assert rows(services, DECIDED, "EXIT") == [("BNBUSDT", 1), ("BTCUSDT", 1), ("ETHUSDT", 0), ("SOLUSDT", 1)]
    assert (await trade_signals.trade_signals(services)).endings == 1


async def test_a_fault_that_is_of_no_pair_ends_the_pass(services, monkeypatch):
    async def broken(_: Market) -> None:
        raise AssertionError("a fault of ours")

    source = await source_id(services, followed=True)
    await store_signals(services, source, coming(await says(services)))
    monkeypatch.setattr(services.clock, "now", broken)
    with pytest.raises(AssertionError, match="a fault of ours"):
        await trade_signals.trade_signals(services)
