"""What can go wrong between a program and the API, by what the program does next.

ClientError
├── Unreachable        nothing answered: is the address right, does the API run?
├── BadAnswer          what answered is no paperfleet API, or one of another version
└── Problem            the API said no; `code` is stable, `field` names the input at fault
    ├── Invalid        400, 413, 422: the request is wrong, whatever the state is
    ├── Unidentified   401: a key is needed, or the one shown does not hold
    ├── Forbidden      403: the key does not reach that far
    ├── NotFound       404: no such thing, or it is another user's
    ├── Conflict       409: the state does not allow it now; `numbers` tells the state
    ├── TooMany        429: ask again after `retry_after` seconds
    └── Unavailable    500 and above: a part is away; ask again
"""

from collections.abc import Mapping

import msgspec

MALFORMED = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises for bytes that are not what they should be: no JSON, no UTF-8, nested deeper than the stack."""

_WAIT_SECONDS_MAX = 86_400.0


class ClientError(Exception):
    """Root of what this package raises."""


class Unreachable(ClientError):
    """Nothing answered at `url`."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no paperfleet API answers at {url}: {reason}")
        self.url = url


class BadAnswer(ClientError):
    """An answer that does not read as the API's."""


class Problem(ClientError):
    """A refusal in the API's own words.

    detail       a sentence for people
    numbers      the figures behind the refusal, as strings
    retry_after  seconds after which it may be asked again; 0 where that would change nothing
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str = "",
        numbers: Mapping[str, str] | None = None,
        retry_after: float = 0,
    ) -> None:
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.numbers = dict(numbers or {})
        self.retry_after = retry_after


class Invalid(Problem):
    """The request is wrong, whatever the state is."""


class Unidentified(Problem):
    """A key is needed, or the one shown does not hold."""


class Forbidden(Problem):
    """The key is known and does not reach that far."""


class NotFound(Problem):
    """There is no such thing for this caller."""


class Conflict(Problem):
    """The present state does not allow it; of a trade, `numbers` has its `status` and `version`."""


class TooMany(Problem):
    """Too many requests for now."""


class Unavailable(Problem):
    """The API or a part of it is away; nothing was changed."""


class _Wire(msgspec.Struct, frozen=True):
    """A problem detail (RFC 9457) as it is sent."""

    code: str
    detail: str
    field: str = ""
    numbers: dict[str, str] = {}


_KINDS: Mapping[int, type[Problem]] = {
    400: Invalid,
    401: Unidentified,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    429: TooMany,
}


def problem_of(status: int, body: bytes, retry_after: str | None) -> ClientError:
    """The error that an answer of this status tells; BadAnswer when it is none of the API's."""
    try:
        told = msgspec.json.decode(body, type=_Wire)
    except MALFORMED:
        if status not in (502, 503, 504):
            return BadAnswer(f"the answer {status} is no problem detail: is this the address of a paperfleet API?")
        told = _Wire(code="unavailable", detail=f"a proxy answers {status} in the API's place")
    kind = _KINDS.get(status) or (Unavailable if status >= 500 else Problem)
    wait = min(float(retry_after), _WAIT_SECONDS_MAX) if retry_after is not None and retry_after.isdecimal() else 0.0
    return kind(status, told.code, told.detail, field=told.field, numbers=told.numbers, retry_after=wait)
