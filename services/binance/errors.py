"""What goes wrong between us and the exchange, by what the caller does next.

Unavailable              (domain) try again later
├── ExchangeUnavailable  no good answer before the deadline
├── Held                 no request may leave now: no weight left, or the market is paused; says for how long
└── RequestRefused       the exchange refuses this very request (an unknown symbol, say)
InvalidData              (domain) the answer is garbage or impossible: nothing of it was used
ForbiddenRequest         a mistake of ours: something other than a public GET was about to leave
"""

from services.domain.errors import PaperfleetError, Unavailable


class ExchangeUnavailable(Unavailable):
    """The exchange gave no good answer before the deadline."""


class Held(Unavailable):
    """No request to this market may leave for `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RequestRefused(Unavailable):
    """The exchange answers this request with an error of its own: `code` is Binance's, 0 where it gave none."""

    def __init__(self, message: str, status: int, code: int) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ForbiddenRequest(PaperfleetError):
    """Something other than a GET to a public market-data path was about to leave. Nothing was sent."""
