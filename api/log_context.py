"""Has every log line of a request carry its id, its route, and the trade it is about; the answer tells the id too."""

from uuid import uuid4

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-Id"


class LogContext(ASGIMiddleware):
    """See the module. An id that a caller sends is not taken over: ours are unique."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Bind, pass the request on, and put the id on its answer."""
        id_ = uuid4().hex[:16]
        route = scope["path_template"]
        told = {"request": id_, "route": f"{scope['method']} {route}"}  # type: ignore[typeddict-item]
        if "paper-trades" in route and "trade_id" in scope["path_params"]:
            told["trade"] = str(scope["path_params"]["trade_id"])

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)[REQUEST_ID] = id_
            await send(message)

        with structlog.contextvars.bound_contextvars(**told):
            await next_app(scope, receive, named)
