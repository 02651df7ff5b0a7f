"""A line to the API that a test can cut, at once or after so many bytes, and lead to another API."""

import itertools
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Line:
    """Listens on an address of its own and hands bytes on to `target`.

    cut_after  how many bytes of answers a connection carries before it is cut; None for all
    cut_times  how many connections are cut so, the first ones; None for all
    opened     how many connections have stood, so that a cut ended them
    """

    def __init__(self, target: str, cut_after: int | None = None, cut_times: int | None = None) -> None:
        self.target = target
        self.cut_after = cut_after
        self.cut_times = cut_times
        self.opened = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> "Line":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """End every connection now."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            for number in itertools.count(1):
                near, _ = self._server.accept()
                threading.Thread(target=self._carry, args=[near, number], daemon=True).start()

    def _carry(self, near: socket.socket, number: int) -> None:
        parts = urlsplit(self.target)
        with near:
            try:
                far = socket.create_connection((parts.hostname, parts.port))
            except OSError:
                return
            with far:
                self._open |= {near, far}
                self.opened += 1
                threading.Thread(target=self._pump, args=[near, far, None], daemon=True).start()
                is_cut = self.cut_times is None or number <= self.cut_times
                self._pump(far, near, self.cut_after if is_cut else None)
                self._open -= {near, far}

    def _pump(self, source: socket.socket, sink: socket.socket, most: int | None) -> None:
        carried = 0
        with suppress(OSError):
            while most is None or carried < most:
                data = source.recv(65536 if most is None else min(65536, most - carried))
                if not data:
                    break
                carried += len(data)
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
