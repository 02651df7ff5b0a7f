"""Where user-given URLs may lead: public addresses over TLS, and what the operator has named besides.

A URL is judged twice: by its form when it is stored, and by every address its name resolves to when it is used. What
is connected to is the address that was judged, never the name again (a name may resolve differently a moment later).
"""

import asyncio
import re
import socket
from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx
import msgspec

from services.hooks.own_thread import in_own_thread

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({443, 8443})
URL_LENGTH_MAX = 2000
RESOLVE_SECONDS = 5.0

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PRINTABLE = re.compile(r"[!-~]+")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_ENDINGS = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "onion",
    "test", "example", "invalid", "arpa",
)  # fmt: skip

_EXCHANGES = ("binance.com", "binance.us", "binance.vision", "binancefuture.com", "binance.org", "binance.cloud")
"""Nothing but public reads goes to an exchange from here (services/binance/transport.py): no message either."""

_METADATA = tuple(
    ip_address(text) for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds hand out their machines' credentials. Never allowed, whatever the operator says."""

# IANA's special-purpose registries (RFC 6890 and its updates), with what each range is.
_REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class Forbidden(Exception):
    """A place that nothing may be sent to. The message is for the URL's owner: it tells the rule, not what is there."""


class Destination(msgspec.Struct, frozen=True):
    """A URL's form, found fit. `host` is a lower-case name or an address without brackets."""

    url: str
    scheme: str
    host: str
    port: int


class Policy(msgspec.Struct, frozen=True):
    """`networks` are the operator's own, to which also plain HTTP and any port may be used."""

    networks: tuple[Network, ...] = ()

    def destination(self, url: str) -> Destination:
        """Where `url` leads, by its form alone. Raises Forbidden."""
        host, parsed = _well_formed(url)
        default = 443 if parsed.scheme == "https" else 80
        port = default if parsed.port is None else parsed.port
        if not self.networks and parsed.scheme != "https":
            raise Forbidden("only https is allowed")
        if not self.networks and port not in PORTS:
            raise Forbidden(f"port {port} is not allowed, only {' and '.join(map(str, sorted(PORTS)))}")
        literal = _literal(host)
        check_no_exchange(host)
        found = Destination(url, parsed.scheme, host, port)
        if literal is not None:
            self.check_address(found, literal)
        elif not self.networks:
            _check_name(host)
        return found

    def check_address(self, destination: Destination, address: Address) -> None:
        """Raises Forbidden unless `address` is public, or within the operator's networks."""
        if self.is_own(address):
            return
        self.check_public(address)
        if destination.scheme != "https" or destination.port not in PORTS:
            raise Forbidden("public addresses are reached by https on port 443 or 8443 only")

    def is_own(self, address: Address) -> bool:
        """Whether the operator's networks hold it; metadata addresses never count."""
        return address not in _METADATA and any(
            address.version == network.version and address in network for network in self.networks
        )

    def check_public(self, address: Address) -> None:
        """Raises Forbidden for an address that is not an ordinary one of the public Internet."""
        if address in _METADATA:
            raise Forbidden("cloud metadata addresses are not allowed")
        for network, reason in _REFUSED:
            if address.version == network.version and address in network:
                raise Forbidden(f"{reason} addresses are not allowed")
        if address.version == 6 and address not in _GLOBAL_UNICAST:
            raise Forbidden("reserved addresses are not allowed")

    def choose(self, destination: Destination, addresses: Sequence[str]) -> str:
        """The address to connect to. Raises Forbidden if there is none, or any of them is not allowed."""
        parsed = [ip_address(text.partition("%")[0]) for text in addresses]
        for address in parsed:
            self.check_address(destination, address)
        if not parsed:
            raise Forbidden(f"{destination.host} has no address")
        return str(parsed[0])


def check_no_exchange(host: str) -> None:
    """Raises Forbidden for a host of an exchange's, in whatever spelling a resolver takes for its name."""
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        name = host
    name = name.partition(":")[0].rstrip(".").lower()
    if any(name == exchange or name.endswith(f".{exchange}") for exchange in _EXCHANGES):
        raise Forbidden("an exchange's own hosts are not allowed")


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host` at this moment. Raises OSError when there are none, TimeoutError when nobody answers.

    Not in the event loop's own threads, of which there are few: somebody's dead name server would hold up everybody.
    """
    async with asyncio.timeout(RESOLVE_SECONDS):
        asked = in_own_thread(partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM))
        found = await asyncio.wrap_future(asked)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _well_formed(url: str) -> tuple[str, httpx.URL]:
    """The host and the parsed URL, if its text leaves nothing to interpretation. Raises Forbidden."""
    if not 0 < len(url) <= URL_LENGTH_MAX:
        raise Forbidden(f"a URL has 1 to {URL_LENGTH_MAX} characters")
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise Forbidden("a URL is printable ASCII without spaces and backslashes")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise Forbidden("this is not a URL") from None
    if parsed.scheme not in ("https", "http"):
        raise Forbidden("only https is allowed")
    if parsed.userinfo or "@" in url.split("//", 1)[-1].split("/", 1)[0]:
        raise Forbidden("a URL with a user name or password is not allowed")
    if "#" in url:
        raise Forbidden("a URL with a fragment is not allowed")
    host = parsed.raw_host.decode("ascii").lower()
    if not host:
        raise Forbidden("a URL needs a host")
    if ":" not in host and not _NAME.fullmatch(host):
        raise Forbidden("the host is neither a name nor an address")
    return host, parsed


def _literal(host: str) -> Address | None:
    """The address that `host` spells out; None if it is a name. Raises Forbidden for half an address."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    if ":" in host or _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1]):
        raise Forbidden("an address must be written in full, as four decimal numbers or as plain IPv6")
    return None


def _check_name(host: str) -> None:
    if "." not in host:
        raise Forbidden("a host name needs a domain")
    if any(host == ending or host.endswith(f".{ending}") for ending in _LOCAL_ENDINGS):
        raise Forbidden("names of local networks are not allowed")
