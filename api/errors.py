"""Every error as a problem detail (RFC 9457) with a stable `code`.

Refused     422, 409, 404, 401, 403 or 429: the domain's own words, with `field` and `numbers`
Unavailable 503 and Retry-After; so are a database or Redis that is away
Litestar's  as it means them, reworded; a body that does not fit is 422 with its field
the rest    500: told to the log, never to the caller
"""

from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from api.allowed import with_allowed
from services.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Refused,
    TooMany,
    Unavailable,
    Unidentified,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "2"

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem detail. `code` is stable, `field` names the input at fault, `numbers` the figures behind a refusal."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str = ""
    numbers: dict[str, str] = {}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str = "",
    numbers: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """The response that tells it."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, field=field, numbers=numbers or {}
    )
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


class MalformedBody(Exception):
    """A request body that is not JSON."""


_STATUS = {InvalidInput: 422, Conflict: 409, NotFound: 404, Unidentified: 401, Forbidden: 403, TooMany: 429}


def refused(_: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    """The domain says no."""
    headers = {}
    if isinstance(error, Unidentified):
        headers = {"WWW-Authenticate": 'Bearer realm="paperfleet"'}
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(error.retry_after)}
    status = _STATUS[type(error)]
    return problem(status, error.code, error.message, field=error.field, numbers=error.numbers, headers=headers)


def unavailable(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A part is away: the caller may try again."""
    log.warning("unavailable", path=told_path(request), reason=str(error))
    detail = str(error) if isinstance(error, Unavailable) else "a part of the system is away: try again"
    return problem(503, "unavailable", detail, headers={"Retry-After": RETRY_AFTER_SECONDS})


def refused_by_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What Litestar turns away before a handler sees it, or a guard at the door."""
    status = error.status_code
    if isinstance(error, ValidationException):
        return _misfit(request, error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected(request, error)
    code = HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    allow = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return problem(status, code, error.detail, headers=allow)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: the log has it all, the caller learns only that it happened."""
    log.error("unexpected", method=request.method, path=told_path(request), exc_info=error)
    return problem(500, "internal_error", "something went wrong here; it has been logged")


def told_path(request: Request[Any, Any, Any]) -> str:
    """The request's path for the log: the template of its route, for a path can hold a secret (webhooks)."""
    return str(request.scope.get("path_template") or "-")


def malformed(_: Request[Any, Any, Any], error: MalformedBody) -> Response[bytes]:
    """The body cannot even be read."""
    return problem(400, "malformed_json", str(error))


def _misfit(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """A parameter that does not fit, by the name under which the caller sent it."""
    faults = [fault for fault in error.extra or () if isinstance(fault, dict)]
    if faults and faults[0].get("key") == "data":  # litestar's name for the body: decoding is ours, so it is absent
        return problem(422, "body_missing", "this request needs a JSON body; none was sent")
    if not faults:
        return problem(422, "invalid_request", error.detail)
    name, detail = str(faults[0].get("key", "")), str(faults[0].get("message", ""))
    known = request.scope["route_handler"].parsed_fn_signature.parameters.get(name)
    if known is not None:  # litestar tells of it by its name in the handler
        name = str(getattr(known.kwarg_definition, "name", None) or name)
        detail = with_allowed(detail, known.annotation)
    return problem(422, "invalid_request", detail, field=name)


HANDLERS: ExceptionHandlersMap = {
    Refused: refused,
    MalformedBody: malformed,
    Unavailable: unavailable,
    psycopg.OperationalError: unavailable,
    PoolTimeout: unavailable,
    RedisError: unavailable,
    HTTPException: refused_by_framework,
    Exception: unexpected,
}
