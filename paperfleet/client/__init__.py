"""A client of the HTTP API, for programs that block and programs that await. Imports nothing of the server.

from paperfleet.client import Client

with Client() as client:
    trade = client.trades.open(market_type="SPOT", symbol="BTCUSDT", direction="LONG",
                               stop_loss="58000", take_profit="66000")
    for event in client.events():
        ...
"""

from paperfleet.client.errors import (
    BadAnswer,
    ClientError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    TooMany,
    Unavailable,
    Unidentified,
    Unreachable,
)
from paperfleet.client.events import Event
from paperfleet.client.transports import AsyncClient, Client

__all__ = [
    "AsyncClient",
    "BadAnswer",
    "Client",
    "ClientError",
    "Conflict",
    "Event",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Problem",
    "TooMany",
    "Unavailable",
    "Unidentified",
    "Unreachable",
]
