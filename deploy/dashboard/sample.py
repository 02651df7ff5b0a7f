"""A busy afternoon of made-up use, through the API: sources, signals, trades of every kind, moved plans, notes.

What becomes of it is the simulated market's doing.
"""

import random
import time
from decimal import ROUND_DOWN, Decimal
from typing import Any

import httpx

SOURCES = {
    "Breakout club": {"stop_loss_percent": "0.8", "take_profit_percent": "1.2", "leverage_max": 10},
    "Night owl": {"stop_loss_percent": "0.5", "take_profit_percent": "1.5", "leverage_max": 5},
    "Coin flips": {"stop_loss_percent": "1", "take_profit_percent": "1", "leverage_max": 3},
}
BASES = (
    *("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "AVAX", "LINK", "SUI", "LTC", "TRX"),
    *("DOT", "NEAR", "APT", "ARB", "OP", "INJ", "FIL", "ATOM", "UNI", "AAVE", "ETC", "XLM"),
)
STRATEGIES = ("range breakout", "squeeze", "trend pullback")
PAUSE_SECONDS = 0.6


class Sample:
    """Somebody who uses the product at `url`."""

    def __init__(self, url: str, seed: int = 7) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self._chance = random.Random(seed)

    def begin(self) -> None:
        """Sources, and trades that stay open or wait for a while."""
        for name, settings in SOURCES.items():
            self._post("/api/sources/", {"name": name, **settings})
        for number, base in enumerate(BASES[:10]):
            self._order(base, number)
        self._wait(base="PEPE" if self._price("PEPE") else "BTC")

    def go_on(self, seconds: float, closed: int = 0) -> None:
        """Say signals for `seconds`, and on until so many trades are closed (for three times as long at most)."""
        began = time.monotonic()
        number = 0
        while (passed := time.monotonic() - began) < seconds or (passed < 3 * seconds and self._closed() < closed):
            self._signal(number)
            if number % 25 == 10:
                self._touch()
            number += 1
            time.sleep(PAUSE_SECONDS)

    def _signal(self, number: int) -> None:
        body: dict[str, Any] = {
            "source": self._chance.choice(list(SOURCES)),
            "market_type": self._chance.choice(("FUTURES", "FUTURES", "SPOT")),
            "symbol": f"{self._chance.choice(BASES)}USDT",
            "direction": "LONG",
            "strategy": self._chance.choice(STRATEGIES),
            "timeframe": self._chance.choice(("15m", "1h", "4h")),
            "confidence": str(Decimal(self._chance.randrange(50, 95)) / 100),
            "position_size": str(self._chance.randrange(5, 40) * 10),
        }
        if body["market_type"] == "FUTURES":
            body |= {"direction": self._chance.choice(("LONG", "SHORT")), "leverage": self._chance.randrange(1, 8)}
        if number % 17 == 5:
            body |= {"stop_loss": "1", "take_profit": "2"}  # a signal that cannot be
        self._post("/api/signals/", body)

    def _order(self, base: str, number: int) -> None:
        price = self._price(base)
        if price is None:
            return
        side = 1 if number % 3 else -1
        away = [price * (1 + side * Decimal(percent) / 100) for percent in ("-6", "4", "8", "12")]
        stop, *targets = (_five(level) for level in away)
        body: dict[str, Any] = {
            "market_type": "FUTURES",
            "symbol": f"{base}USDT",
            "direction": "LONG" if side > 0 else "SHORT",
            "stop_loss": stop,
            "take_profits": [{"price": each, "fraction": part} for each, part in zip(targets, _PARTS, strict=True)],
            "position_size": str(200 + 50 * number),
            "leverage": 1 + number % 4,
            "break_even_after": 1,
            "source": "dashboard",
            "notes": "Breakout above the range of the week, volume confirms." if number % 2 else "",
        }
        if number % 5 == 4:
            body |= {"entry_type": "LIMIT", "entry_price": _five(price * (1 - side * Decimal("0.03")))}
        self._post("/api/paper-trades/", body)

    def _wait(self, base: str) -> None:
        price = self._price(base)
        if price is not None:
            levels = {"stop_loss": _five(price * Decimal("0.7")), "take_profit": _five(price * Decimal("1.5"))}
            wish = {"market_type": "SPOT", "symbol": f"{base}USDT", "direction": "LONG", "position_size": "80"}
            self._post("/api/paper-trades/", wish | levels)

    def _touch(self) -> None:
        """Close a part of one trade, and tighten the stop of another."""
        page = self.http.get("/api/paper-trades/", params={"status": "OPEN", "limit": 50}).json()["results"]
        for trade, way in zip(self._chance.sample(page, min(2, len(page))), ("part", "stop"), strict=False):
            path = f"/api/paper-trades/{trade['id']}/"
            if way == "part":
                self._post(f"{path}close_trade/", {"fraction": "0.5"})
            else:
                nearer = (Decimal(trade["stop_loss"]) + Decimal(trade["entry_price"])) / 2
                self.http.patch(path, json={"stop_loss": _five(nearer)})

    def _closed(self) -> int:
        trades: dict[str, int] = self.http.get("/api/system/").json()["trades"]
        return sum(count for status, count in trades.items() if status.startswith("CLOSED"))

    def _price(self, base: str) -> Decimal | None:
        query = {"market_type": "FUTURES", "symbols": f"{base}USDT"}
        found = self.http.get("/api/prices/", params=query).json()["results"]
        return Decimal(found[0]["last"]) if found else None

    def _post(self, path: str, body: dict[str, Any]) -> None:
        """What is refused is part of the picture."""
        self.http.post(path, json=body)


_PARTS = ("0.5", "0.3", "0.2")


def _five(price: Decimal) -> str:
    """Five digits that count, as people type prices."""
    return str(price.quantize(Decimal(10) ** (price.adjusted() - 4), ROUND_DOWN).normalize().__format__("f"))
