"""A process's own Prometheus metrics over HTTP, where the settings ask for them."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import start_http_server

from services.settings import Settings

log = structlog.get_logger(__name__)


@contextmanager
def exporting(settings: Settings) -> Iterator[None]:
    """Serve them as long as the context lasts. Raises OSError when the port is taken."""
    if not settings.metrics_port:
        yield
        return
    server, thread = start_http_server(settings.metrics_port, settings.metrics_host)
    log.info("metrics_listening", host=settings.metrics_host, port=settings.metrics_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
