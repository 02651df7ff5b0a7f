"""The OpenAPI document as it is served: what holds for every route is added here once, not said by each.

Added are the credentials a route takes, the refusals that the gate and the framework can answer with, and an example
for every answer, made from its schema.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin

from api.access import access_of
from api.errors import MEDIA_TYPE
from api.gate import COOKIE, CSRF_HEADER

T = TypeVar("T")
_METHODS = ("get", "post", "patch", "delete", "put")
_REFUSALS = {
    "400": "The body is not JSON.",
    "401": "A login or a key is needed, or the one shown does not hold.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or it is another user's.",
    "413": "The body is larger than 64 kB.",
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
_VALUES: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "base_asset": "BTC",
    "name": "breakout",
    "source": "api",
    "currency": "USDT",
    "next": "WyIyMDI2LTA3LTAxVDEyOjAwOjAwWiIsMV0",
    "key_id": "1f8Yk2Qz",
    "csrf_token": "5f1d" * 16,
    "via": "session 3",
    "address": "203.0.113.7",
    "leverage": 5,
    "version": 1,
}
_DEPTH_MAX = 8
TEXT_BODY = "text_body"
"""The option of a route that reads its body by itself: examples of it by their names."""


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
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                if examples := texts.get((path, method)):
                    operation["requestBody"] = _text_body(examples)
                _complete_operation(path, method, operation, access.get((path, method), "user"), document)
    return document


def _complete_operation(
    path: str, method: str, operation: dict[str, Any], access: str, document: dict[str, Any]
) -> None:
    signed: list[dict[str, list[str]]] = [{"key": []}, {"session": []}]
    operation["security"] = {"open": [], "probe": [], "public": [{}, *signed]}.get(access, signed)
    asked = {"401"} if access != "probe" else set()  # a key that does not hold is refused even where none is needed
    asked |= {"503", "429"} if path.startswith("/api") else set()
    is_open = access in ("open", "probe")
    asked |= {"403"} if not is_open or method != "get" else set()  # another site's page writes nowhere
    asked |= {"404", "422"} if "{" in path else set()
    asked |= {"422"} if operation.get("parameters") else set()
    asked |= {"404"} if any(each["name"] == "account_id" for each in operation.get("parameters", ())) else set()
    asked |= {"400", "413", "422"} if "requestBody" in operation else set()
    for status in sorted(asked):
        refusal = operation["responses"].setdefault(status, {"content": _problem()})
        refusal["description"] = _REFUSALS[status]
    operation["responses"].get("204", {}).pop("content", None)
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if media_type == "application/json" and "schema" in content and not content.get("examples"):
                content["example"] = example(content["schema"], document)
            elif media_type == MEDIA_TYPE and status in _REFUSALS:
                content["example"] = _problem_example(int(status))


def _text_body(examples: dict[str, str]) -> dict[str, Any]:
    named = {name: {"value": text} for name, text in examples.items()}
    return {"required": True, "content": {"text/plain": {"schema": {"type": "string"}, "examples": named}}}


def _problem() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _problem_example(status: int) -> dict[str, Any]:
    detail = _REFUSALS[str(status)]
    codes = {400: "malformed_json", 401: "login_required", 403: "scope_missing", 404: "no_such_trade"}
    codes |= {422: "stop_misplaced", 429: "rate_limited", 503: "unavailable", 413: "request_entity_too_large"}
    shown = {"type": "about:blank", "title": detail, "status": status, "detail": detail}
    return shown | {"code": codes[status], "field": "", "numbers": {}}


def _by_operation(app: Litestar, what: Callable[[BaseRouteHandler], T]) -> dict[tuple[str, str], T]:
    found = {}
    for route in app.routes:
        path = "/" + route.path_format.strip("/")
        for method, handlers in getattr(route, "route_handler_map", {}).items():
            handler = handlers[0] if isinstance(handlers, tuple) else handlers
            found[path, str(method).lower()] = what(handler)
    return found


def example(schema: dict[str, Any], document: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value that fits the schema, as it might come."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("examples"):
        return schema["examples"][0]
    choices = [each for each in schema.get("oneOf", schema.get("anyOf", ())) if each.get("type") != "null"]
    if choices:
        return example(choices[0], document, name, depth)
    if schema.get("enum"):
        return next((value for value in schema["enum"] if value is not None), None)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {}) if depth < _DEPTH_MAX else {}
        return {key: example(value, document, key, depth + 1) for key, value in properties.items()}
    if kind == "array":
        return [example(schema["items"], document, name, depth + 1)] if "items" in schema and depth < _DEPTH_MAX else []
    return _plain(kind, schema, name)


def _plain(kind: str | None, schema: dict[str, Any], name: str) -> Any:
    if isinstance(_VALUES.get(name), str if kind == "string" else int):
        return _VALUES[name]
    form = schema.get("format")
    if form == "date":
        return "2026-07-01"
    if form == "date-time":
        return "2026-07-01T12:00:00Z"
    if form == "duration":
        return "PT4H"
    if form == "time":
        return "22:00:00"
    if kind == "string":
        return "64000.5" if form == "decimal" else "text"
    return {"integer": 1, "number": 1.5, "boolean": True}.get(kind or "")
