"""One POST to a user's endpoint: bounded in time and size, without redirects, and told in a few plain words."""

import asyncio
import ssl
import time
from collections.abc import Mapping

import httpx
import msgspec

from services.hooks.addresses import Forbidden, Policy, resolve
from services.hooks.transport import CheckedPosts, Resolve

ATTEMPT_SECONDS = 15.0
ANSWER_BYTES_MAX = 4096
"""As much of an answer is read; a challenge fits, and nobody fills our memory."""
CONNECTIONS_MAX = 64
RETRY_AFTER_MAX = 3600

_HEADERS = {"Content-Type": "application/json", "User-Agent": "paperfleet-hooks", "Accept-Encoding": "identity"}


class Answer(msgspec.Struct, frozen=True):
    """What came of an attempt. `status` is null when there was no answer, then `error` says why.

    `body` is the beginning of the answer; it is compared, never shown. `retry_after` are seconds that the endpoint
    asks for, 0 if it does not.
    """

    status: int | None
    error: str
    milliseconds: int
    body: bytes = b""
    retry_after: int = 0

    @property
    def is_success(self) -> bool:
        """Whether the endpoint has taken the message."""
        return self.status is not None and 200 <= self.status < 300


class HookClient:
    """Sends to users' endpoints, for one event loop."""

    def __init__(
        self,
        policy: Policy,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        resolver: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.policy = policy
        self._attempt_seconds = attempt_seconds
        # No connection is kept: the pool knows them by address, and one address may serve many names.
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=0)
        inner = httpx.AsyncHTTPTransport(verify=tls or True, http2=False, limits=limits, trust_env=False)
        self._client = httpx.AsyncClient(
            transport=CheckedPosts(inner, policy, resolver),
            timeout=httpx.Timeout(attempt_seconds),
            headers=_HEADERS,
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """The answer of the endpoint at `url`. Never raises for what the endpoint, or the way there, does."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._attempt_seconds):
                status, begin, wait = await self._exchange(url, body, headers)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(None, f"no answer within {self._attempt_seconds:g} s", _since(started))
        except Forbidden as error:
            return Answer(None, f"refused here: {error}", _since(started))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(None, _reason(error), _since(started))
        error_text = "" if 200 <= status < 300 else f"answered {status}"
        return Answer(status, error_text, _since(started), begin, wait)

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def _exchange(self, url: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes, int]:
        async with self._client.stream("POST", url, content=body.encode(), headers=dict(headers)) as response:
            begin = b""
            async for part in response.aiter_raw():
                begin += part
                if len(begin) >= ANSWER_BYTES_MAX:
                    break
            return response.status_code, begin[:ANSWER_BYTES_MAX], _retry_after(response)


def _retry_after(response: httpx.Response) -> int:
    text = response.headers.get("retry-after", "")
    return min(int(text), RETRY_AFTER_MAX) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _reason(error: Exception) -> str:
    """A few words: libraries' messages may carry addresses of our side."""
    if isinstance(error, httpx.ConnectError):
        return "TLS failed" if "ssl" in str(error).lower() or "certificate" in str(error).lower() else "cannot connect"
    if isinstance(error, OSError):
        return "the name cannot be resolved"
    return "the connection broke" if isinstance(error, httpx.NetworkError) else "no HTTP answer"
