"""TCP ports on loopback."""

import socket

from deploy.local.errors import StackError

HOST = "127.0.0.1"


def choose_port(asked: int | None, preferred: int) -> int:
    """The port asked for, or else the preferred one, or a free one if that is taken.

    Raises StackError when the port asked for is taken.
    """
    if asked is not None:
        if not _is_free(asked):
            raise StackError(f"port {asked} is in use: name another with --port, or none to get a free one")
        return asked
    return preferred if _is_free(preferred) else free_port()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run may linger
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
