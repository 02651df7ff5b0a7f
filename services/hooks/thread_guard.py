"""The address policy for libraries that open their own sockets: inside a guarded thread, names resolve to judged ones.

Every TCP client of Python's resolves by `socket.getaddrinfo` and connects to what that returns. Within `guarded` it
returns only what the policy allows, and raises Forbidden otherwise, for an exchange's names before they are looked up;
redirects and second connections are judged too.
Other threads are not touched.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

from services.hooks.addresses import PORTS, Forbidden, Policy, check_no_exchange

MAIL_PORTS = frozenset({465, 587})

_local = threading.local()
_resolve = socket.getaddrinfo


@contextmanager
def guarded(policy: Policy) -> Iterator[None]:
    """For as long as this lasts, what this thread connects to is judged by `policy`."""
    socket.getaddrinfo = _judged
    _local.policy = policy
    try:
        yield
    finally:
        del _local.policy


def _judged(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    policy: Policy | None = getattr(_local, "policy", None)
    if policy is not None:
        check_no_exchange(host.decode() if isinstance(host, bytes) else host or "")
    found = _resolve(host, port, *args, **kwargs)
    if policy is not None:
        for *_, address in found:
            _check(policy, str(address[0]), int(address[1]))
    return found


def _check(policy: Policy, text: str, port: int) -> None:
    address = ip_address(text.partition("%")[0])
    if policy.is_own(address):
        return
    policy.check_public(address)
    if port not in PORTS | MAIL_PORTS:
        raise Forbidden(f"port {port} is not allowed")
