"""A user's endpoint: an HTTP server on loopback that repeats challenges and keeps what it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """`told` are the messages, oldest first."""

    def __init__(self, url: str, told: list[dict[str, Any]]) -> None:
        self.url = url
        self.told = told


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Serve for the duration of the context."""
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.append(message)
            answer = message.get("data", {}).get("challenge", "").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Endpoint(f"http://127.0.0.1:{server.server_port}/in", told)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
