"""Every way the domain refuses, split by what the caller does next.

PaperfleetError
├── Refused               the request breaks a rule: tell the caller, change nothing
│   ├── InvalidInput      a field is wrong whatever the state is (422)
│   ├── Conflict          the state does not allow it now (409)
│   ├── Unidentified      a valid credential is needed (401)
│   ├── Forbidden         the credential does not reach that far (403)
│   ├── TooMany           too much for the moment: try again later (429)
│   └── NotFound          there is no such thing, or it is not the caller's (404)
├── Unavailable           a part is away or late: try again later (503)
└── InvalidData           the exchange sent something impossible: skip it, ask again
"""

from collections.abc import Mapping


class PaperfleetError(Exception):
    """Root of all errors this product raises on purpose."""


class Refused(PaperfleetError):
    """A request that breaks a rule.

    `code` is stable and machine-readable, `field` names the offending input (empty if none), `numbers` holds
    the figures behind the refusal as strings.
    """

    def __init__(
        self, code: str, message: str, *, field: str = "", numbers: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.numbers = {name: str(value) for name, value in (numbers or {}).items()}


class InvalidInput(Refused):
    """A field is wrong whatever the state is."""


class Conflict(Refused):
    """The present state does not allow the request."""


class NotFound(Refused):
    """No such thing exists for this caller."""


class Unidentified(Refused):
    """The request needs a login or a key that holds."""


class Forbidden(Refused):
    """The caller is known, and may not do this."""


class TooMany(Refused):
    """Too many requests, attempts or streams; after `retry_after` seconds there is room again."""

    def __init__(self, code: str, message: str, *, retry_after: int) -> None:
        super().__init__(code, message, numbers={"retry_after": retry_after})
        self.retry_after = retry_after


class Unavailable(PaperfleetError):
    """A part the request needs is away or too late; nothing was changed."""


class InvalidData(PaperfleetError):
    """The exchange sent something impossible; it is skipped and asked again."""
