"""The control endpoint: what tests and operators do to the simulated market. No public client ever sees it."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import msgspec

from deploy.simulator.faults import Fault
from deploy.simulator.instruments import Instrument
from deploy.simulator.stage import Stage
from deploy.simulator.tape import Tape
from services.domain.market import Market

JUMP_HOLD_MS = 60_000


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`time` (epoch ms) sets the clock, `advance_ms` moves it."""

    paused: bool | None = None
    speed: float | None = None
    time: int | None = None
    advance_ms: int = 0


class PathOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Either `prints` ([[epoch ms, price], ...], ascending) or `price` (jump now, stay there for `hold_ms`).

    A jump takes back what was laid over the tape for later.

    `tape`: futures have two; `both` moves the mark price along with the last price.
    """

    market: Market
    symbol: str
    prints: list[tuple[int, Decimal]] = []
    price: Decimal | None = None
    hold_ms: int = JUMP_HOLD_MS
    tape: Literal["both", "last", "mark"] = "both"


class ListingOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A new status (trading stops or goes on), or `listed`: whether the exchange knows the symbol at all."""

    market: Market
    symbol: str
    status: str | None = None
    listed: bool | None = None
    delivery_ms: int | None = None


class LatencyOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Added to every public answer."""

    ms: int


class Control:
    """Answers /control requests about one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._exchange = stage.exchange
        self._orders: dict[tuple[str, str], Callable[[bytes], dict[str, Any]]] = {
            ("GET", "/control/clock"): lambda _: self._clock_state(),
            ("POST", "/control/clock"): self._set_clock,
            ("POST", "/control/path"): self._set_path,
            ("POST", "/control/faults"): self._add_fault,
            ("DELETE", "/control/faults"): self._clear_faults,
            ("POST", "/control/listing"): self._set_listing,
            ("POST", "/control/latency"): self._set_latency,
            ("GET", "/control/log"): lambda _: self._log(),
            ("DELETE", "/control/log"): self._clear_log,
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and JSON body: 400 tells what was wrong with the order, 404 that there is none such."""
        order = self._orders.get((method, path))
        if order is None:
            return 404, b'{"error":"no such control endpoint"}'
        try:
            return 200, json.dumps(order(body)).encode()
        except (ValueError, msgspec.MsgspecError) as error:
            return 400, json.dumps({"error": str(error)}).encode()

    def _clock_state(self) -> dict[str, Any]:
        clock = self._exchange.clock
        return {"time": clock.now(), "speed": clock.speed, "paused": clock.paused}

    def _set_clock(self, body: bytes) -> dict[str, Any]:
        order = msgspec.json.decode(body, type=ClockOrder)
        self._exchange.clock.set(paused=order.paused, speed=order.speed, time=order.time, advance=order.advance_ms)
        return self._clock_state()

    def _set_path(self, body: bytes) -> dict[str, Any]:
        order = msgspec.json.decode(body, type=PathOrder)
        instrument = self._find(order.market, order.symbol)
        prints = order.prints
        if order.price is not None:
            now = self._exchange.clock.now()
            prints = [(now, order.price), (now + order.hold_ms, order.price)]
        if not prints:
            raise ValueError("a path needs `prints` or a `price`")
        times = tuple(time for time, _ in prints)
        if list(times) != sorted(times):
            raise ValueError("prints must be in ascending order of time")
        prices = tuple(instrument.ticks(price) for _, price in prints)
        for tape in _tapes(instrument, order.tape):
            if order.price is not None:
                tape.forget_after(times[0])
            tape.override(times, prices)
        return {"prints": [[time, instrument.price_text(p)] for time, p in zip(times, prices, strict=True)]}

    def _add_fault(self, body: bytes) -> dict[str, Any]:
        fault = msgspec.json.decode(body, type=Fault)
        fault.begun_at = self._exchange.clock.now()
        self._stage.faults.add(fault)
        return {"kind": fault.kind}

    def _clear_faults(self, _: bytes) -> dict[str, Any]:
        """Ends all faults, and the waits and bans that came of them."""
        self._stage.faults.clear()
        for limiter in (*self._exchange.limits.values(), self._exchange.funding_limit):
            limiter.forgive()
        return {}

    def _set_listing(self, body: bytes) -> dict[str, Any]:
        order = msgspec.json.decode(body, type=ListingOrder)
        instrument = self._find(order.market, order.symbol)
        now = self._exchange.clock.now()
        if order.listed is not None:
            instrument.listed = order.listed
        if order.delivery_ms is not None:
            instrument.row = msgspec.structs.replace(instrument.row, delivery_ms=order.delivery_ms)
        if order.status is not None and order.status != instrument.status:
            was_trading, instrument.status = instrument.is_trading, order.status
            for tape in _tapes(instrument, "both"):
                if was_trading:
                    tape.halt(now)
                elif instrument.is_trading:
                    tape.resume(now)
        return {"symbol": instrument.symbol, "status": instrument.status, "listed": instrument.listed}

    def _set_latency(self, body: bytes) -> dict[str, Any]:
        self._stage.latency_ms = msgspec.json.decode(body, type=LatencyOrder).ms
        return {"ms": self._stage.latency_ms}

    def _log(self) -> dict[str, Any]:
        limiters = {**{market.value: limit for market, limit in self._exchange.limits.items()}}
        limiters["FUNDING"] = self._exchange.funding_limit
        return {
            "requests": [
                {"path": path, "status": status, "count": count}
                for (path, status), count in sorted(self._stage.counts.items())
            ],
            "weight_by_minute": {name: dict(limit.used_by_minute) for name, limit in limiters.items()},
            "violations": {
                name: [violation._asdict() for violation in limit.violations] for name, limit in limiters.items()
            },
        }

    def _clear_log(self, _: bytes) -> dict[str, Any]:
        self._stage.counts.clear()
        for limiter in (*self._exchange.limits.values(), self._exchange.funding_limit):
            limiter.used_by_minute.clear()
            limiter.violations.clear()
        return {}

    def _find(self, market: Market, symbol: str) -> Instrument:
        found = self._exchange.instruments[market].get(symbol)
        if found is None:
            raise ValueError(f"no instrument {market} {symbol}")
        return found


def _tapes(instrument: Instrument, which: str) -> list[Tape]:
    tapes = [instrument.tape] if which != "mark" else []
    if instrument.mark is not None and which != "last":
        tapes.append(instrument.mark)
    return tapes
