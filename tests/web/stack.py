"""The whole product as processes, for a browser to look at: simulator, scheduler, worker, API."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg

from services.settings import Settings
from tests.api.running import exchange
from tests.fleet.fleet import Fleet, fleet_on
from tests.servers import Servers

PAIRS = 966
START_SECONDS = 90


class Stack:
    """A fleet with its API at `url`; the market obeys `jump`."""

    def __init__(self, fleet: Fleet, control_url: str) -> None:
        self.fleet = fleet
        self.settings = fleet.settings
        self.url = f"http://127.0.0.1:{fleet.settings.api_port}"
        self.http = httpx.Client(base_url=self.url, timeout=30)
        self._control_url = control_url

    def start_api(self) -> None:
        """Start the API, and return when it is ready."""
        self.fleet.spawn("api", "api")
        until(self._is_ready, START_SECONDS)

    def price(self, symbol: str, market: str = "FUTURES") -> Decimal:
        """The pair's last price as the API has it."""
        query = {"market_type": market, "symbols": symbol}
        (found,) = self.http.get("/api/prices/", params=query).json()["results"]
        return Decimal(found["last"])

    def jump(self, symbol: str, price: Decimal, market: str = "FUTURES", seconds: int = 60) -> None:
        """The pair trades at `price` from now on, for `seconds` at least."""
        order = {"market": market, "symbol": symbol, "price": str(price), "hold_ms": seconds * 1000}
        httpx.post(f"{self._control_url}/path", json=order, timeout=10).raise_for_status()

    def trade(self, symbol: str, market: str = "FUTURES", **changes: object) -> dict[str, Any]:
        """Open a LONG with stop and target a few percent away."""
        last = self.price(symbol, market)
        body = {
            "market_type": market,
            "symbol": symbol,
            "direction": "LONG",
            "stop_loss": str(last * Decimal("0.9")),
            "take_profit": str(last * Decimal("1.05")),
            "position_size": "100",
            **changes,
        }
        answer = self.http.post("/api/paper-trades/", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def trade_now(self, trade: dict[str, Any]) -> dict[str, Any]:
        """The trade as it is by now."""
        return self.http.get(f"/api/paper-trades/{trade['id']}/").json()

    def is_closed(self, trade: dict[str, Any]) -> bool:
        """Whether the trade has met its target, by the database: without the API."""
        with psycopg.connect(self.settings.database_url) as connection:
            found = connection.execute("SELECT status FROM trades WHERE id = %s", [trade["id"]]).fetchone()
        return found is not None and found[0] == "CLOSED_TP"

    def trades(self, **query: object) -> list[dict[str, Any]]:
        """The trades that the API lists for `query`."""
        return self.http.get("/api/paper-trades/", params=query).json()["results"]

    def _is_ready(self) -> bool:
        try:
            return self.http.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def is_trading(self) -> bool:
        """Whether all pairs are listed, quoted, and followed."""
        return self.http.get("/api/system/").json()["pairs"] == PAIRS and len(self._quoted()) > PAIRS - 10

    def is_calm(self) -> bool:
        """Whether the work of the start is done: a cycle over all pairs has ended, and next to nothing waits."""
        status = self.http.get("/api/system/").json()
        waiting = sum(queue["waiting"] for queue in status["fleet"]["queues"])
        return status["cycle_seconds"] is not None and waiting < 5

    def _quoted(self) -> list[Any]:
        return self.http.get("/api/prices/").json().get("results", [])


@contextmanager
def running_stack(servers: Servers, folder: Path, **changes: object) -> Iterator[Stack]:
    """A fresh database with a fleet at work on a simulated market; `changes` are settings."""
    with exchange() as urls, servers.database() as database_url:
        settings = Settings(
            **{
                "database_url": database_url,
                "redis_url": servers.empty_valkey(),
                "spot_url": urls["spot_url"],
                "futures_url": urls["futures_url"],
                "quote_max_age_seconds": Decimal(60),
                "scan_timeframes": "",
                "live_mode": True,
                "hooks_networks": "127.0.0.0/8",
                "api_port": free_port(),
                **changes,
            }
        )
        with fleet_on(settings, folder) as fleet:
            stack = Stack(fleet, urls["control_url"])
            for name in ("scheduler", "worker"):
                fleet.spawn(name, name)
            stack.start_api()
            until(stack.is_trading, START_SECONDS)
            until(stack.is_calm, START_SECONDS)
            yield stack
            stack.http.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true result of `condition()`. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if result := condition():
            return result
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
