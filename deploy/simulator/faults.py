"""Faults on demand: which requests they hit, and what they do to an answer.

Refusals    400 (an error of the request, `code`) 429 418 403 451 500 503 408: the status with the body it comes with
Transport   timeout (no answer), slow (late), drop (connection closed), truncate (half of the body)
Content     html, garbage (both with status 200), nan (`value` instead of prices), jump (prices times about `value`),
            missing_symbol, duplicate_symbol, renamed_symbol
Time        stale (answers as of the fault's beginning), skew (/time is off by `ms`)
"""

import json
import random
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import msgspec

from deploy.simulator.errors import ApiError

REFUSALS = ("400", "403", "408", "418", "429", "451", "500", "503")
TRANSPORT = ("timeout", "slow", "drop", "truncate")
CONTENT = ("html", "garbage", "nan", "jump", "missing_symbol", "duplicate_symbol", "renamed_symbol")
TIME = ("stale", "skew")
KINDS = (*REFUSALS, *TRANSPORT, *CONTENT, *TIME)
HTML = b"<html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
_CLOUDFRONT = (
    b"<html><head><title>ERROR: The request could not be satisfied</title></head><body>403 ERROR</body></html>"
)
_RESTRICTED = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you received this in error."
)
_PRICES = {
    *("price", "p", "bidPrice", "askPrice", "lastPrice", "openPrice", "highPrice", "lowPrice"),
    *("weightedAvgPrice", "markPrice", "indexPrice"),
}


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault. It ends after `count` hits or `seconds` of wall time; without either it stays until deleted.

    path_prefix, symbol  which requests it hits (empty: all); for content faults `symbol` also says which row
    probability          of hitting a request that matches
    ms                   slow: delay; skew: offset of exchange time
    code                 400: the exchange's number of the error
    retry_after          429 and 418: wall seconds told to wait (418 bans the market for so long)
    value                nan: what prices become; jump: the factor, a thousandth more with each hit
    """

    kind: str
    path_prefix: str = "/"
    symbol: str = ""
    count: int | None = None
    seconds: float | None = None
    probability: float = 1.0
    ms: int = 1000
    code: int = -1121
    retry_after: int = 2
    value: str = "NaN"
    hits: int = 0
    begun: float = msgspec.field(default_factory=time.monotonic)
    begun_at: int = 0
    """Exchange time (ms) when it was set."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; known: {', '.join(KINDS)}")

    def strikes(self, path: str, query: str, chance: random.Random) -> bool:
        """Whether it hits this request (and counts the hit)."""
        if not path.startswith(self.path_prefix) or not self._concerns(query):
            return False
        if self.kind == "skew" and not path.endswith("/time"):
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _concerns(self, query: str) -> bool:
        """A fault of a symbol hits requests for that symbol; a content fault also those for everything."""
        return not self.symbol or self.symbol in query or (self.kind in CONTENT and "symbol=" not in query)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        spent = self.count is not None and self.hits >= self.count
        return spent or (self.seconds is not None and time.monotonic() - self.begun > self.seconds)


class Faults:
    """The faults in force."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Puts a fault in force."""
        self._active.append(fault)

    def clear(self) -> None:
        """Ends all faults."""
        self._active.clear()

    def striking(self, path: str, query: str) -> list[Fault]:
        """The faults that hit this request."""
        if not self._active:
            return []
        self._active = [fault for fault in self._active if not fault.is_over]
        query = unquote(query)
        return [fault for fault in self._active if fault.strikes(path, query, self._chance)]


def refusal(fault: Fault) -> tuple[int, bytes, bytes]:
    """Status, content type and body of a refusal other than 429 and 418."""
    if fault.kind == "403":
        return 403, b"text/html", _CLOUDFRONT
    code, message = {
        "400": (fault.code, "This request is refused."),
        "408": (-1007, "Timeout waiting for response from backend server. Send status unknown."),
        "451": (0, _RESTRICTED),
        "500": (-1000, "An unknown error occurred while processing the request."),
        "503": (-1008, "Request throttled by system-level protection. Please try again."),
    }[fault.kind]
    return int(fault.kind), b"application/json", ApiError(int(fault.kind), code, message).body


def spoil(fault: Fault, body: bytes) -> bytes:
    """The body after a content fault."""
    if fault.kind == "html":
        return HTML
    if fault.kind == "garbage":
        return bytes(random.Random(fault.hits).randbytes(200))
    answer = json.loads(body)
    if fault.kind == "nan":
        _reprice(answer, fault, lambda _: fault.value)
    elif fault.kind == "jump":
        factor = Decimal(fault.value) * (1 + Decimal(fault.hits) / 1000)
        _reprice(answer, fault, lambda price: str((Decimal(price) * factor).quantize(Decimal(price))))
    elif isinstance(answer, dict) and "symbols" in answer:
        answer["symbols"] = _changed_rows(answer["symbols"], fault)
    elif isinstance(answer, list):
        answer = _changed_rows(answer, fault)
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()


def _changed_rows(rows: list[Any], fault: Fault) -> list[Any]:
    """Rows with the fault's symbol (the first row without one) left out, there twice or under another name."""
    chosen = [row for row in rows if isinstance(row, dict) and fault.symbol in (row.get("symbol"), "")][:1]
    if fault.kind == "missing_symbol":
        return [row for row in rows if row not in chosen]
    if fault.kind == "renamed_symbol":
        return [row | {"symbol": f"1000{row['symbol']}"} if row in chosen and "symbol" in row else row for row in rows]
    return rows + chosen


def _reprice(answer: Any, fault: Fault, change: Callable[[str], str]) -> None:
    """Changes the prices of the fault's symbol, of every row without one."""
    rows = answer if isinstance(answer, list) else [answer]
    for row in rows:
        if isinstance(row, list):
            row[1:5] = map(change, row[1:5])
        elif isinstance(row, dict) and fault.symbol in ("", row.get("symbol", fault.symbol)):
            row.update({name: change(row[name]) for name in _PRICES & row.keys()})
