"""The HTTP server: uvicorn, with an end that event streams do not hold up."""

import asyncio
import gc
import socket
from types import FrameType

import structlog
import uvicorn
from litestar import Litestar

from api.app import create_app
from api.protocol import Protocol
from api.proxies import ProxyHeaders
from services.bootstrap import build
from services.settings import Settings

GRACE_SECONDS = 10
"""How long requests in progress may take at the end."""
UNACKNOWLEDGED_MS_MAX = 30_000
"""A connection whose peer acknowledges nothing, or takes nothing, for this long is closed by the kernel."""
KEEP_ALIVE_SECONDS = 75
"""An idle connection stays as long as common clients and proxies keep theirs, or longer: what is closed under a request
that is on its way fails with a reset, and a POST cannot be sent again blindly."""

BACKLOG = 2048

log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Serves the API at the settings' host and port until SIGTERM or SIGINT; a second signal ends it at once.

    Raises OSError when the address cannot be had, Unavailable when the database cannot be reached, SettingsError where
    it would not bind callers.
    """
    asyncio.run(_reach(settings))
    calm_the_collector()
    listener = listen(settings.api_host, settings.api_port)
    log.info("api_listening", host=settings.api_host, port=listener.getsockname()[1])
    Server(create_app(settings), settings.trusted_proxies).run(sockets=[listener])


def calm_the_collector() -> None:
    """What is loaded stays, and a page of trades makes ten thousand objects: both are looked through seldom."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _reach(settings: Settings) -> None:
    """Open the services once: uvicorn tells a failure of the lifespan only as a traceback."""
    async with build(settings, name="paperfleet-api", for_callers=True):
        pass


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; connections inherit its limits."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
    return listener


class Server(uvicorn.Server):
    """Uvicorn that ends the event streams before it waits for connections to finish, and then returns."""

    def __init__(self, app: Litestar, trusted_proxies: str = "127.0.0.1") -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                ProxyHeaders(app, trusted_proxies),
                loop="uvloop",
                http=Protocol,
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,  # ours
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                backlog=BACKLOG,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal. Unlike uvicorn's own, it is not raised again afterwards: an orderly end is no failure."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then finish what is in progress."""
        self._app.state.hub.end()
        await super().shutdown(sockets)
