"""The network that an address stands for wherever callers are counted."""

from ipaddress import IPv4Address, IPv6Network, ip_address

PREFIX_BITS = 64
"""What one customer of a provider has at least: they may ask from any address in it."""


def network_of(address: str) -> str:
    """The /64 of an IPv6 address; an IPv4 address itself, however it is written; anything else as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), PREFIX_BITS), strict=False))
