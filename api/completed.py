"""The OpenAPI document as it is served: what holds for every route is added here once, not said by each.

Added are the credentials a route takes, the refusals that the gate and the framework can answer with, an example and
the headers of every answer, the meaning of parameters, and the links from one operation to the next.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin

from api import answer_headers, chains, taken
from api.access import access_of
from api.errors import MEDIA_TYPE
from api.examples.filler import filled
from api.examples.refusals import refusal
from api.gate import COOKIE, CSRF_HEADER
from api.meanings import MEANINGS

T = TypeVar("T")
_METHODS = ("get", "post", "patch", "delete", "put")
_REFUSALS = {
    "400": "The body is not JSON.",
    "401": "A login or a key is needed, or the one shown does not hold.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or it is another user's.",
    "413": "The body is larger than {size}.",
    "422": "A field breaks a rule.",
    "429": "Too many requests; Retry-After says how long to wait.",
    "503": "A part of the system is away; Retry-After says when to ask again.",
}
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer pt_live_...`"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": f"The cookie of `POST /api/session/`; writes show {CSRF_HEADER} as well.",
    },
}
_NULLS = (None, "null", {"type": "null"})
TEXT_BODY = "text_body"
"""The option of a route that reads its body by itself: a TextBody."""


class TextBody(NamedTuple):
    """A body that is no JSON: its media type, and examples by their names."""

    media_type: str
    examples: dict[str, str]


class Contract(JsonRenderPlugin):
    """Serves the completed document; it is put together once."""

    def __init__(self) -> None:
        super().__init__(path="/")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        if self._rendered is None:
            self._rendered = self.render_json(request, complete(request.app, openapi_schema))
        return self._rendered


def complete(app: Litestar, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what holds everywhere."""
    access, texts = _by_operation(app, access_of), _by_operation(app, lambda handler: handler.opt.get(TEXT_BODY))
    sizes = _by_operation(app, _size_told)
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                if text := texts.get((path, method)):
                    operation["requestBody"] = _text_body(text)
                _complete_operation(path, method, operation, access.get((path, method), "user"), sizes[path, method])
                _exemplify(path, method, operation, document)
    chains.link(document["paths"])
    taken.widen(document)
    answer_headers.tell(document, _by_operation(app, lambda handler: handler.opt.get(answer_headers.HEADERS, ())))
    return document


def _complete_operation(path: str, method: str, operation: dict[str, Any], access: str, size: str) -> None:
    signed: list[dict[str, list[str]]] = [{"key": []}, {"session": []}]
    unsigned = [{}, *signed] if method == "get" else signed  # nobody writes, unless the operator allows it
    operation["security"] = {"open": [], "probe": [], "public": unsigned}.get(access, signed)
    asked = {"401"} if access != "probe" else set()  # a key that does not hold is refused even where none is needed
    asked |= {"503", "429"} if path.startswith("/api") else set()
    is_open = access in ("open", "probe")
    asked |= {"403"} if not is_open or method != "get" else set()  # another site's page writes nowhere
    asked |= {"404", "422"} if "{" in path else set()
    asked |= {"422"} if operation.get("parameters") else set()
    asked |= {"404"} if any(each["name"] == "account_id" for each in operation.get("parameters", ())) else set()
    bodies = operation.get("requestBody", {}).get("content", {})
    asked |= {"413", "422"} if bodies else set()
    if "application/json" in bodies:
        asked.add("400")
    else:
        operation["responses"].pop("400", None)  # the framework says it of every route
    for status in sorted(asked):
        answer = operation["responses"].setdefault(status, {"content": _problem()})
        answer["description"] = _REFUSALS[status].format(size=size)
    operation["responses"].get("204", {}).pop("content", None)
    for parameter in operation.get("parameters", ()):
        if not parameter.get("description"):
            parameter["description"] = MEANINGS[parameter["name"]]
        parameter["schema"] = _never_null(parameter["schema"])


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be: one that is not sent is absent, not null."""
    told = {
        name: [each for each in rule if each not in _NULLS] if isinstance(rule, list) else rule
        for name, rule in schema.items()
    }
    (kind,) = told.pop("oneOf", [{}])
    if "enum" in told:
        (told["type"],) = told["type"] if isinstance(told["type"], list) else [told["type"]]
    return {**kind, **told}


def _exemplify(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if content.get("examples"):
                continue
            if media_type == MEDIA_TYPE:
                content["example"] = refusal(status, method, path, operation, document)
            else:
                content["example"] = filled(content["schema"], document)


def _size_told(handler: BaseRouteHandler) -> str:
    """The largest body that a route takes."""
    if not isinstance(handler, HTTPRouteHandler):
        return ""
    kilobytes = (handler.resolve_request_max_body_size() or 0) // 1024
    return f"{kilobytes // 1024} MB" if kilobytes >= 1024 else f"{kilobytes} kB"


def _text_body(text: TextBody) -> dict[str, Any]:
    named = {name: {"value": example} for name, example in text.examples.items()}
    return {"required": True, "content": {text.media_type: {"schema": {"type": "string"}, "examples": named}}}


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _by_operation(app: Litestar, what: Callable[[BaseRouteHandler], T]) -> dict[tuple[str, str], T]:
    found = {}
    for route in app.routes:
        path = "/" + route.path_format.strip("/")
        for method, handlers in getattr(route, "route_handler_map", {}).items():
            handler = handlers[0] if isinstance(handlers, tuple) else handlers
            found[path, str(method).lower()] = what(handler)
    return found
