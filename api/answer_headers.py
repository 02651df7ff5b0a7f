"""What the document tells of the headers of answers: by their status, and by what their route says it sends.

Those that every answer of HTTP has, and the security headers, are not told: no client has a use for them there. What is
left of a limit comes with every answer that was counted, and is told where it matters: when all is well, and when not.
"""

from collections.abc import Mapping
from typing import Any

from api.errors import MEDIA_TYPE

HEADERS = "headers"
"""The option of a route whose good answers bear headers of their own: their names."""
_LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_OF_REFUSALS = {"401": ("WWW-Authenticate",), "429": ("Retry-After", *_LIMITS), "503": ("Retry-After",)}


def _header(description: str, *, required: bool = True, **schema: object) -> dict[str, Any]:
    return {"description": description, "required": required, "schema": {"type": "string"} | schema}


# Limits are told where login is required, of requests that came as far as being counted.
_COMPONENTS = {
    "RateLimit-Limit": _header("Requests a minute, where they are limited.", required=False, type="integer"),
    "RateLimit-Remaining": _header("How many more may come at once now.", required=False, type="integer"),
    "RateLimit-Reset": _header("Seconds until all may come at once again.", required=False, type="integer"),
    "Retry-After": _header("Seconds to wait before asking again.", type="integer", minimum=0),
    "WWW-Authenticate": _header("How to show a key: as `Authorization: Bearer`."),
    "ETag": _header("The trade's version, for If-Match.", pattern='^"[0-9]+"$'),
    "Set-Cookie": _header("The session's cookie; signing out empties it."),
    "Content-Disposition": _header("Under which name to save it."),
}


def tell(document: dict[str, Any], of_routes: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Name the headers of every answer; `of_routes` are those of good answers, by path and method."""
    document["components"]["headers"] = _COMPONENTS
    for path, operations in document["paths"].items():
        limits = _LIMITS if path.startswith("/api") else ()
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status < "300":
                    names = (*of_routes[path, method], *limits)
                elif MEDIA_TYPE in answer.get("content", {}):  # a probe that fails says so in another way
                    names = _OF_REFUSALS.get(status, ())
                else:
                    names = ()
                if names:
                    answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
