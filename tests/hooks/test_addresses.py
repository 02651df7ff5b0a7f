"""Hostile URLs are refused, each for its reason; whatever a name resolves to is judged too."""

import random
from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.hooks.addresses import Forbidden, Policy

HOSTILE = {
    # schemes
    "http://example.com/": "only https",
    "file:///etc/passwd": "only https",
    "ftp://example.com/": "only https",
    "gopher://example.com:6379/_FLUSHALL": "only https",
    "dict://example.com:11211/stats": "only https",
    "ldap://example.com/": "only https",
    "javascript:alert(1)": "only https",
    "data:text/plain,x": "only https",
    "ws://example.com/": "only https",
    "//example.com/": "only https",
    "example.com/hook": "only https",
    "": "1 to 2000",
    "https://example.com/" + "a" * 2000: "1 to 2000",
    # spelling
    "https://": "needs a host",
    "https:///path": "needs a host",
    "https://exa mple.com/": "without spaces",
    " https://hooks.example.com/": "without spaces",
    "https://hooks.example.com/\r\nHost: internal": "without spaces",
    "https://hooks.example.com\\@127.0.0.1/": "backslashes",
    "https://hooks.example.com\t/": "without spaces",
    "https://хост.example.com/": "printable ASCII",
    "https://①②⑦.⓪.⓪.①/": "printable ASCII",
    "https://127。0。0。1/": "printable ASCII",
    "https://user@hooks.example.org/": "user name",
    "https://user:pass@hooks.example.org/": "user name",
    "https://hooks.example.org@127.0.0.1/": "user name",
    "https://hooks.example.org:443@10.0.0.1/": "user name",
    "https://@127.0.0.1/": "user name",
    "https://hooks.example.org/#@127.0.0.1": "fragment",
    "https://ho_oks.example.org/": "neither a name nor an address",
    "https://hooks..example.org/": "neither a name nor an address",
    "https://hooks.example.org./": "neither a name nor an address",
    "https://-x.example.org/": "neither a name nor an address",
    "https://%31%32%37.0.0.1/": "",
    "https://[::1/": "not a URL",
    "https://hooks.example.org:99999/": "",
    "https://hooks.example.org:port/": "not a URL",
    # ports
    "https://hooks.paperfleet.dev:22/": "port 22",
    "https://hooks.paperfleet.dev:80/": "port 80",
    "https://hooks.paperfleet.dev:6379/": "port 6379",
    "https://hooks.paperfleet.dev:5432/": "port 5432",
    "https://hooks.paperfleet.dev:0/": "port",
    "https://127.0.0.1:8000/api/paper-trades/": "port 8000",
    # addresses in odd forms
    "https://2130706433/": "written in full",
    "https://0x7f000001/": "written in full",
    "https://0x7f.0.0.1/": "written in full",
    "https://017700000001/": "written in full",
    "https://0177.0.0.1/": "not a URL",
    "https://127.1/": "written in full",
    "https://127.0.1/": "written in full",
    "https://0/": "written in full",
    "https://1.1.1.1.1/": "written in full",
    "https://256.1.1.1/": "not a URL",
    # IPv4
    "https://127.0.0.1/": "loopback",
    "https://127.8.8.8:8443/": "loopback",
    "https://0.0.0.0/": "this network",
    "https://0.1.2.3/": "this network",
    "https://10.0.0.1/": "private",
    "https://172.16.0.1/": "private",
    "https://172.31.255.255/": "private",
    "https://192.168.1.1/": "private",
    "https://100.64.0.1/": "carrier-grade NAT",
    "https://100.127.255.254/": "carrier-grade NAT",
    "https://169.254.0.1/": "link-local",
    "https://169.254.169.254/latest/meta-data/": "metadata",
    "https://169.254.170.2/v2/credentials": "metadata",
    "https://100.100.100.200/latest/": "metadata",
    "https://192.0.0.192/": "metadata",
    "https://192.0.0.1/": "protocol assignments",
    "https://192.0.2.1/": "documentation",
    "https://198.51.100.7/": "documentation",
    "https://203.0.113.9/": "documentation",
    "https://198.18.0.1/": "benchmarking",
    "https://192.88.99.1/": "6to4",
    "https://224.0.0.1/": "multicast",
    "https://239.255.255.250/": "multicast",
    "https://240.0.0.1/": "reserved",
    "https://255.255.255.255/": "reserved",
    # IPv6
    "https://[::]/": "unspecified",
    "https://[::1]/": "loopback",
    "https://[0:0:0:0:0:0:0:1]/": "loopback",
    "https://[::ffff:127.0.0.1]/": "IPv4-mapped",
    "https://[::ffff:7f00:1]/": "IPv4-mapped",
    "https://[::ffff:8.8.8.8]/": "IPv4-mapped",
    "https://[::127.0.0.1]/": "IPv4-compatible",
    "https://[::ffff:0:127.0.0.1]/": "IPv4-translated",
    "https://[64:ff9b::7f00:1]/": "NAT64",
    "https://[64:ff9b::a9fe:a9fe]/": "NAT64",
    "https://[64:ff9b:1::1]/": "NAT64",
    "https://[2002:7f00:1::]/": "6to4",
    "https://[2002:a9fe:a9fe::1]/": "6to4",
    "https://[2001:0:53aa:64c::1]/": "Teredo",
    "https://[2001:db8::1]/": "documentation",
    "https://[fc00::1]/": "private",
    "https://[fd00:ec2::254]/": "metadata",
    "https://[fd12:3456::1]/": "private",
    "https://[fe80::1]/": "link-local",
    "https://[fec0::1]/": "site-local",
    "https://[ff02::1]/": "multicast",
    "https://[100::1]/": "discard",
    "https://[4000::1]/": "reserved",
    "https://[fe80::1%25eth0]/": "",
    # names of the inside
    "https://localhost/": "needs a domain",
    "https://LOCALHOST/": "needs a domain",
    "https://redis/": "needs a domain",
    "https://app.localhost/": "local networks",
    "https://printer.local/": "local networks",
    "https://metadata.google.internal/computeMetadata/v1/": "local networks",
    "https://kubernetes.default.svc.cluster.local/": "local networks",
    "https://router.home.arpa/": "local networks",
    "https://hidden.onion/": "local networks",
    # exchanges
    "https://api.binance.com/api/v3/klines": "exchange",
    "https://FAPI.BINANCE.COM/": "exchange",
    "https://data-api.binance.vision/": "exchange",
    "https://testnet.binancefuture.com/": "exchange",
    "https://binance.us:8443/": "exchange",
}

NAMES_OF = {
    "rebound to this machine": ["127.0.0.1"],
    "one of two is inside": ["93.184.215.14", "10.0.0.5"],
    "the second family is inside": ["93.184.215.14", "::1"],
    "mapped": ["::ffff:10.0.0.5"],
    "metadata": ["169.254.169.254"],
    "scoped": ["fe80::1%eth0"],
    "nothing": [],
}


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused_for_its_reason(url):
    with pytest.raises(Forbidden) as refusal:
        Policy().destination(url)
    assert HOSTILE[url].lower() in str(refusal.value).lower()


@pytest.mark.parametrize("addresses", NAMES_OF.values(), ids=NAMES_OF.keys())
def test_what_a_name_resolves_to_is_judged(addresses):
    place = Policy().destination("https://hooks.paperfleet.dev/in")
    with pytest.raises(Forbidden):
        Policy().choose(place, addresses)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.paperfleet.dev/in?token=abc&x=%20y",
        "https://hooks.paperfleet.dev:8443/",
        "https://xn--80ak6aa92e.com/",
        "https://HOOKS.paperfleet.dev",
        "https://93.184.215.14/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    ],
)
def test_ordinary_urls_pass(url):
    place = Policy().destination(url)
    assert Policy().choose(place, ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]) == "93.184.215.14"


def test_the_operators_networks_and_nothing_beside_them():
    policy = Policy((ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16")))
    for url in ("http://127.0.0.1:9999/x", "http://10.1.2.3/", "https://localhost:8443/"):
        policy.destination(url)
    place = policy.destination("http://executor:5000/")
    assert policy.choose(place, ["10.1.0.9"]) == "10.1.0.9"
    for addresses in (["10.2.0.9"], ["93.184.215.14"], ["10.1.0.9", "192.168.0.1"]):
        with pytest.raises(Forbidden):
            policy.choose(place, addresses)
    for url in ("http://192.168.0.1/", "http://[::1]/", "http://93.184.215.14/", "ftp://127.0.0.1/"):
        with pytest.raises(Forbidden):
            policy.destination(url)


def test_metadata_stays_refused_whatever_the_operator_says():
    with pytest.raises(Forbidden, match="metadata"):
        Policy((ip_network("169.254.0.0/16"),)).destination("http://169.254.169.254/")


@given(st.integers(0, 2**32 - 1))
def test_no_address_passes_that_is_not_global(number):
    """The library's own idea of a global address, which shares no table with ours, is never wider."""
    address = ip_address(number)
    place = Policy().destination("https://hooks.paperfleet.dev/")
    if not address.is_global or address.is_multicast:
        with pytest.raises(Forbidden):
            Policy().choose(place, [str(address)])


def test_no_ipv6_address_passes_that_is_not_global():
    place, dice = Policy().destination("https://hooks.paperfleet.dev/"), random.Random(8)
    prefixes = [0, 0x64FF9B << 96, 0x100 << 112, 0x2001 << 112, 0x2002 << 112, 0xFC << 120, 0xFE8 << 116, 0xFF << 120]
    refused = 0
    for _ in range(2000):
        address = IPv6Address(dice.choice(prefixes) | dice.getrandbits(dice.choice([32, 64, 96, 112])))
        if not address.is_global or address.is_multicast or address.ipv4_mapped or address.sixtofour:
            refused += 1
            with pytest.raises(Forbidden):
                Policy().choose(place, [str(address)])
    assert refused > 1000
